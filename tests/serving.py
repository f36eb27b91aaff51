"""An application behind the HTTP server of our processes, for tests whose clients open sockets."""

import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp

from interfocal.process.http import http_server
from interfocal.transport.local import LocalTrust
from interfocal.transport.signing_in import trusting


@dataclass(frozen=True, slots=True)
class Served:
    """Where an application answers, and the file of the authority that certified it."""

    address: str
    authority: Path

    @property
    def port(self) -> int:
        """The number of its port on 127.0.0.1."""
        return int(self.address.rpartition(":")[2])

    @property
    def tls(self) -> ssl.SSLContext:
        """What a client believes."""
        return trusting(self.authority)


@contextmanager
def serving(app: ASGIApp, certified: tuple[Path, Path] | None = None) -> Iterator[Served]:
    """An application that answers until the end of the block; ``certified`` are an authority and what it certified."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        trust = LocalTrust(Path(folder) / "tls")
        trust.settle([])
        authority, certificate = certified or (trust.authority, trust.server)
        served = Served(f"https://127.0.0.1:{listener.getsockname()[1]}", authority)
        server = http_server(app, certificate)
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        with httpx.Client(transport=httpx.HTTPTransport(retries=20, verify=served.tls)) as first:
            first.get(f"{served.address}/")
        try:
            yield served
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def somebody_elses(app: ASGIApp) -> Iterator[str]:
    """The address of an application that stands for a program that is not ours, and may do without TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as first:
            first.get(f"{address}/")
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join()
