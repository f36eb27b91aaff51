import ssl
from typing import Any

from kafka.net.selector import NetworkSelector

class KafkaSSLTransport:
    _net: NetworkSelector
    _sock: ssl.SSLSocket
    def __init__(self, net: NetworkSelector, sock: Any, host: str | None = None, **configs: Any) -> None: ...
    def close(self) -> None: ...
    def _sock_recv(self) -> tuple[bytes, Exception | None]: ...
