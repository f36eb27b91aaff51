"""Keys and directories change while everything runs: nothing valid is refused, and nothing else is taken."""

import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Self

import pytest

from interfocal.installation.installation import Places, open_installation
from interfocal.stack import Stack
from running import Exchange, interfocal, started, until
from schemas.trust.seal import read_seal
from story import a_seizure, check_flow, submit, taken


@pytest.fixture(scope="module")
def exchange(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with started(stack, tmp_path_factory.mktemp("directory"), "dir.") as one:
        yield one


def command(exchange: Exchange, *words: str) -> str:
    told = interfocal(*words, "--var", str(exchange.installation.var))
    assert told.returncode == 0, told.stderr
    return told.stdout


def sign_and_publish(exchange: Exchange) -> int:
    """The draft as the next version; returns its number."""
    var = exchange.installation.var
    signed, number = var / "signed.jws", Places(var).trust.said().version + 1
    command(exchange, "directory", "sign", "--root", str(Places(var).root_key), "--out", str(signed))
    command(exchange, "directory", "publish", str(signed))
    until(lambda: Places(var).trust.said().version == number, f"version {number} of the directory")
    exchange.installation = open_installation(var)
    return number


class Load:
    """A national system that goes on submitting while something else happens."""

    def __init__(self, exchange: Exchange, member: str, name: str) -> None:
        self.exchange, self.member, self.name = exchange, member, name
        self.accepted = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.stop.wait(0.02):
            name = f"{self.name}-{self.accepted}"
            (result,) = taken(partial(submit, self.exchange, self.member, "seizure", a_seizure(name, name)))
            assert result.outcome == "accepted"
            self.accepted += 1

    def __enter__(self) -> Self:
        self.thread.start()
        until(lambda: self.accepted >= 5, "some load")
        return self

    def __exit__(self, *_: object) -> None:
        until_more = self.accepted + 20
        until(lambda: self.accepted >= until_more, "more load")
        self.stop.set()
        self.thread.join()


def sealed_by(exchange: Exchange, topic: str) -> Counter[str]:
    """How many folded events of a topic each key has sealed."""
    rows = exchange.region("select seal from event where topic = %s", topic)
    return Counter(read_seal(seal.encode()).claims.kid for (seal,) in rows)


def test_a_key_that_is_rotated_under_load_loses_and_quarantines_nothing(exchange: Exchange) -> None:
    check_flow(exchange)
    with Load(exchange, "AA", "ROTATED") as load:
        assert "aa.2 is in the draft and vouched for" in command(exchange, "member", "rotate", "AA")
        sign_and_publish(exchange)
        until(lambda: sealed_by(exchange, "aa.seizure")["aa.2"], "an event sealed with the new key")
    exchange.drain()
    proof = exchange.proved()
    keys = sealed_by(exchange, "aa.seizure")
    assert keys["aa.1"] > 0
    assert sum(keys.values()) >= load.accepted
    assert exchange.region("select reason from quarantine where settled is null") == []
    assert proof.balance.quarantined == 0
    check_flow(exchange)
