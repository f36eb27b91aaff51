"""The HTTP server of a process: TLS, within bounds of connections and patience. It changes with the server's library.

Whoever reaches the port may open connections and say nothing, or a byte a minute. A descriptor that such a one holds is
lacking to everything else that the process does.
"""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from schemas.errors import Misconfigured

MOST_CONNECTIONS = 200
"""More at once are told 503; a request's body has at most some MiB, so this bounds memory too."""

HEAD_S = 10.0
"""So long may a request's head take, from the connection's begin or the answer before."""

END_S = 5


class Patient(H11Protocol):
    """A connection that ends when the head of its next request does not arrive in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the library has it
        """It begins."""
        super().connection_made(transport)
        self._wait(None)

    def on_response_complete(self) -> None:
        """A request was answered; another may follow."""
        super().on_response_complete()
        self._wait(self.cycle)

    def _wait(self, answered: RequestResponseCycle | None) -> None:
        self.loop.call_later(HEAD_S, self._end_after, answered)

    def _end_after(self, answered: RequestResponseCycle | None) -> None:
        if self.cycle is answered:
            self.transport.close()


class PatientLoop(asyncio.SelectorEventLoop):
    """A loop whose servers end a connection that does not begin TLS in time; the library would wait for a minute."""

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        """As asked, with a time limit."""
        return await super().create_server(*arguments, **options, ssl_handshake_timeout=HEAD_S)


def serving_as(certificate: Path) -> ssl.SSLContext:
    """TLS 1.3 with this key and certificate (one PEM file); raises Misconfigured when it cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        message = f"there is no key with its certificate in {certificate} ({error}): see the setting tls.server"
        raise Misconfigured(message) from error
    return context


def http_server(app: ASGIApp, certificate: Path) -> uvicorn.Server:
    """A server of the application; it says nothing by itself, and its caller gives it its socket.

    Raises Misconfigured when the certificate cannot be read.
    """
    context = serving_as(certificate)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Patient,
            loop=f"{__name__}:{PatientLoop.__name__}",
            ssl_context_factory=lambda _config, _default: context,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=END_S,
        )
    )
