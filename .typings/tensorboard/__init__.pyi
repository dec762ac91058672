# The parts of TensorBoard that a plugin is made of; it has no types itself.
from typing import Any

def __getattr__(name: str) -> Any: ...
