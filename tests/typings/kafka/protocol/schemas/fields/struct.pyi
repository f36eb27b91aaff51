from typing import Any

class StructField:
    def compiled_decode_from(self, *version: Any, **form: Any) -> Any: ...
