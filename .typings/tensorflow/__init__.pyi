# TensorFlow has no types of its own, and typeshed's describe an older version.
from typing import Any

def __getattr__(name: str) -> Any: ...
