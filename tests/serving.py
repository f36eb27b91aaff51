"""An application behind the HTTP server of our processes, for tests whose clients open sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from starlette.types import ASGIApp

from interfocal.process.http import http_server


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address at which the application answers until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = http_server(app)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
    thread.start()
    with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as first:
        first.get(f"{address}/")
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
