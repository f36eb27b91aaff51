from typing import Any

class KafkaConnection:
    @property
    def init_future(self) -> Any: ...
