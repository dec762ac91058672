# Keras has no types, and those inferred from its source mix all its backends.
from typing import Any

def __getattr__(name: str) -> Any: ...
