"""How a process reaches the cluster: one value that every Kafka client is given. It changes with what clients need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Access:
    """Addresses of the brokers (``host:port``, separated by commas), and as whom they are reached.

    ``security`` are the client library's settings for TLS and for signing in; they hold a password and are shown
    nowhere. Only tests of what never connects leave them out: no broker of ours lets such a client in.
    """

    bootstrap: str
    principal: str = ""
    security: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def settings(self) -> dict[str, Any]:
        """What every client of the library takes."""
        return {"bootstrap_servers": self.bootstrap, **self.security}
