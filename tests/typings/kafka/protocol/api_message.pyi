from typing import Any

class VersionSubscriptable(type):
    max_version: int
    def __getitem__(cls, version: int | None) -> Any: ...
