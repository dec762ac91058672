from collections.abc import Mapping
from typing import Any

class TBContext:
    data_provider: Any
    sampling_hints: Mapping[str, int | None] | None

class FrontendMetadata:
    def __init__(self, *, es_module_path: str | None = ..., tab_name: str | None = ...) -> None: ...

class TBPlugin:
    plugin_name: str | None

class TBLoader: ...
