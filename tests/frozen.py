"""A broker that keeps its connections and answers nothing, as one behind a dead link does."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil


@contextmanager
def frozen(bootstrap: str) -> Iterator[None]:
    """Stop the broker that listens at this address, on this machine, and let it go on afterwards."""
    port = int(bootstrap.rpartition(":")[2])
    listening = [
        connection.pid
        for connection in psutil.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
    ]
    (broker,) = {psutil.Process(pid) for pid in listening if pid is not None}
    broker.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        broker.send_signal(signal.SIGCONT)
