"""A member's disk is lost, or put back as it was: its own topics say what it said, and it goes on from there."""

import json
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from interfocal.commands.main import run
from interfocal.drain import unpublished
from interfocal.installation.endpoints import write_endpoints
from interfocal.installation.installation import Installation
from interfocal.installation.processes import Process, start_one, stop_processes, wait_ready
from interfocal.installation.region_folder import open_region
from interfocal.stack import Stack, drop_database
from interfocal.stack.machine import free_ports
from running import ended, installed, until

DEFAULT = open_region(None).path
CODE, OWNER = "RS", "rs"
SAMPLES = DEFAULT / "samples" / OWNER
FIRST, *REST = sorted(path.name for path in SAMPLES.glob("*.csv"))


@dataclass
class Member:
    """One member of the default region: its producer process, and the folder of its outbox."""

    installation: Installation
    url: str
    capsys: pytest.CaptureFixture[str]
    process: Process | None = None

    @property
    def var(self) -> Path:
        return self.installation.var

    @property
    def outbox(self) -> Path:
        return self.installation.places.outbox(OWNER)

    def start(self) -> Process:
        self.process = start_one(self.var, "producer", self.url, ("producer", "--members", CODE))
        return self.process

    def serve(self) -> None:
        wait_ready([self.start()])

    def stop(self) -> None:
        if self.process is not None:
            stop_processes([self.process])
        self.process = None

    def command(self, *words: str) -> tuple[int, dict[str, Any]]:
        code = run([*words, "--as", CODE, "--json", "--var", str(self.var)])
        told = self.capsys.readouterr().out
        return code, json.loads(told) if told else {}

    def submit(self, names: Sequence[str]) -> Counter[str]:
        _, told = self.command("submit", *(str(SAMPLES / name) for name in names))
        counts: Counter[str] = Counter()
        for file in told["files"]:
            counts.update(file["counts"])
        until(lambda: unpublished(self.installation, OWNER) == 0, "every event to be published")
        return counts

    def lose_disk(self) -> None:
        for path in self.outbox.parent.glob("outbox.sqlite*"):
            path.unlink()

    def stops_by_itself(self) -> None:
        """Started, it ends with the exit code for a person, and says why."""
        assert ended(self.start()) == 2
        self.process = None
        assert "topic_ahead" in (self.var / "logs" / "producer.log").read_text(encoding="utf-8")


@pytest.fixture
def member(stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Member]:
    installation = installed(stack, tmp_path / "var", f"r{secrets.token_hex(6)}.", DEFAULT)
    (port,) = free_ports(1)
    one = Member(installation, f"https://127.0.0.1:{port}", capsys)
    write_endpoints(one.var, {"producers": {CODE: one.url}, "desks": one.url, "region": one.url})
    try:
        yield one
    finally:
        one.stop()
        for url in (installation.region_url, *installation.desk_urls.values()):
            drop_database(stack.postgres_url, url.rsplit("/", 1)[1])


def test_after_the_loss_of_its_disk_the_next_full_export_says_nothing_new(member: Member) -> None:
    member.serve()
    first = member.submit([FIRST, *REST])
    member.stop()
    member.lose_disk()
    member.stops_by_itself()
    code, told = member.command("producer", "recover")
    assert code == 0
    assert sum(topic["restored"] for topic in told["topics"]) == first["accepted"]
    assert {topic["new_life"] for topic in told["topics"] if topic["events"]} == {2}
    member.serve()
    again = member.submit([FIRST, *REST])
    assert again == {"unchanged": first["accepted"], "rejected": first["rejected"]}


def test_a_restored_outbox_is_found_out_and_goes_on_once_it_is_recovered(member: Member) -> None:
    member.serve()
    member.submit([FIRST])
    member.stop()
    backup = Path(shutil.copy(member.outbox, member.var / "backup.sqlite"))
    member.serve()
    member.submit(REST)
    member.stop()
    member.lose_disk()
    shutil.copy(backup, member.outbox)
    member.stops_by_itself()
    assert member.command("producer", "recover")[0] == 0
    assert member.command("producer", "recover")[1]["topics"][0]["new_life"] is None
    member.serve()
    assert member.submit([FIRST, *REST])["accepted"] == 0


def test_a_producer_with_another_id_key_does_not_start(member: Member) -> None:
    key = member.installation.places.secrets(OWNER) / "id.key"
    key.write_text(secrets.token_hex(32), encoding="utf-8")
    assert ended(member.start()) == 2
    member.process = None
    assert "id key" in (member.var / "logs" / "producer.log").read_text(encoding="utf-8")
    assert member.command("producer", "recover")[0] == 2


def test_recovery_waits_for_the_producer_to_be_stopped(member: Member) -> None:
    member.serve()
    assert member.command("producer", "recover")[0] == 2
