from typing import Any

class AlterClientQuotasRequest:
    EntryData: Any
    def __init__(self, **fields: Any) -> None: ...

class DescribeClientQuotasRequest:
    ComponentData: Any
    def __init__(self, **fields: Any) -> None: ...
