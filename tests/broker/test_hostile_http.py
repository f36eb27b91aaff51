"""What anybody who reaches an intake's port may send: all get an answer or an end, and others are served meanwhile."""

import gzip
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

import interfocal.process.http
from intake_cases import open_intake, seizure
from producers.intake.intake import Intake
from producers.ways_in.api_keys import Caller
from producers.ways_in.http import Bounds, create_app
from serving import Served, serving

PATIENCE_S = 60  # far longer than any of these takes
KEY = {"x-api-key": "key"}
RECORD = json.dumps(seizure()).encode()
HEAD = b"POST /v1/seizure HTTP/1.1\r\nHost: intake\r\nX-Api-Key: key\r\n"


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    opened = open_intake(tmp_path)
    yield opened
    opened.outbox.close()


@pytest.fixture
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """With heads, and so with handshakes: for tests that have few of them."""
    monkeypatch.setattr(interfocal.process.http, "HEAD_S", 3.0)


@pytest.fixture
def served(intake: Intake) -> Iterator[Served]:
    """An intake that has little patience with bodies."""
    bounds = Bounds(body_bytes=100_000, body_s=1.0)
    app = create_app({"RS": intake}, lambda key: Caller("RS", "test") if key == "key" else None, bounds=bounds)
    with serving(app) as found:
        yield found


def connected(served: Served) -> socket.socket:
    """A connection that speaks TLS, and nothing else yet."""
    plain = socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S)
    return served.tls.wrap_socket(plain, server_hostname="127.0.0.1")


def said(served: Served, *pieces: bytes) -> bytes:
    """All that the server says to these bytes until it ends the connection."""
    with connected(served) as client:
        for piece in pieces:
            client.sendall(piece)
        with client.makefile("rb") as answer:
            return answer.read()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def is_served(served: Served) -> bool:
    """Whether an honest client is answered."""
    return post(served, RECORD).status_code in {200, 202}


def post(served: Served, content: bytes, **headers: str) -> httpx.Response:
    address = f"{served.address}/v1/seizure"
    return httpx.post(address, content=content, headers={**KEY, **headers}, timeout=PATIENCE_S, verify=served.tls)


def declaring(length: bytes, body: bytes = b"") -> bytes:
    return HEAD + b"Content-Length: " + length + b"\r\nConnection: close\r\n\r\n" + body


ANSWERED: Mapping[str, tuple[bytes, int]] = {
    "a length that no number holds": (declaring(b"9" * 5_000), 400),
    "a length longer than is taken": (declaring(b"9" * 18, b"{"), 413),
    "that length, and nothing comes": (declaring(b"9" * 18), 408),
    "a length below nothing": (declaring(b"-1"), 400),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
    "a body that never comes": (declaring(b"500"), 408),
    "a body that ends too early": (declaring(b"500", RECORD[:100]), 408),
    "more body than declared": (declaring(b"2", b"{}" + RECORD), 422),
    "a header of 100 kB": (HEAD + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n", 400),
    "ten thousand headers": (HEAD + b"X: y\r\n" * 20_000 + b"\r\n", 400),
    "a path of 100 kB": (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", 400),
    "chunks that lie": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\n{}", 408),
    "chunks of no length": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nxx\r\n", 400),
    "a way of packing that nobody knows": (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_what_lies_about_itself_is_answered_and_the_next_client_is_served(served: Served, name: str) -> None:
    sent, expected = ANSWERED[name]
    assert status(said(served, sent)) == expected
    assert is_served(served)


def test_nothing_compressed_is_opened(served: Served, intake: Intake) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    assert len(bomb) < 100_000
    answer = post(served, bomb, **{"content-encoding": "gzip"})
    assert answer.status_code == 415
    assert "compressed" in answer.json()["detail"]
    assert not list(intake.outbox.reading.all_rows())


@pytest.mark.usefixtures("short_of_patience")
def test_a_client_that_never_ends_its_head_is_let_go(served: Served) -> None:
    silent = [connected(served) for _ in range(20)]
    for place, client in enumerate(silent):
        client.sendall(HEAD[:place])
    assert is_served(served)
    assert [client.recv(1) for client in silent] == [b""] * 20
    for client in silent:
        client.close()


@pytest.mark.usefixtures("short_of_patience")
def test_a_client_that_never_begins_tls_is_let_go(served: Served) -> None:
    silent = [socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) for _ in range(20)]
    assert is_served(served)
    for client in silent:
        with client:
            assert client.recv(1) == b""


def test_who_does_not_speak_tls_is_answered_nothing_in_the_clear(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as client:
        client.sendall(declaring(b"2", b"{}"))
        assert b"HTTP" not in client.recv(1000)


@pytest.mark.usefixtures("short_of_patience")
def test_a_client_that_asks_once_and_then_dawdles_is_let_go(served: Served) -> None:
    with connected(served) as client, client.makefile("rb") as answer:
        client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: intake\r\n\r\n" + HEAD)
        assert b" 200 " in answer.readline()
        assert answer.read().endswith(b"}")


def test_more_connections_than_are_served_at_once_are_told_to_come_again(served: Served) -> None:
    most = interfocal.process.http.MOST_CONNECTIONS
    held = [connected(served) for _ in range(most)]
    answers = [status(said(served, declaring(b"2", b"{}"))) for _ in range(3)]
    assert 503 in answers
    for client in held:
        client.close()
    assert is_served(served)
