"""A new member joins a running region from a machine of its own, by the procedure of ``deploy/onboarding.md``."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from interfocal.desk.acts import DeskActs
from interfocal.installation.access import password_file
from interfocal.installation.installation import Places, open_installation
from interfocal.installation.processes import stop_processes
from interfocal.installation.secrets import write_private
from interfocal.stack import Stack, drop_database
from interfocal.stack.machine import free_ports
from running import DESKS, PRODUCER, Exchange, interfocal, started, until
from small_region import write_settings
from story import Story, a_firearm, a_missing, a_request, check_flow, submit

NEW = "CC"
FINGERPRINT = r"[A-Za-z0-9_-]{43}"


@pytest.fixture
def exchange(stack: Stack, tmp_path: Path) -> Iterator[Exchange]:
    with started(stack, tmp_path / "region", f"on{secrets.token_hex(6)}.") as one:
        yield one


@pytest.fixture
def own(exchange: Exchange, tmp_path: Path) -> Iterator[Path]:
    """The new member's folder: it knows where Kafka and its own PostgreSQL are, and nothing else."""
    var = tmp_path / "own"
    var.mkdir()
    names = f"t_own_{secrets.token_hex(6)}"
    write_settings(var, exchange.installation, names)
    yield var
    drop_database(exchange.installation.postgres_url, f"{names}_desk_cc")


def typed(var: Path, *words: str) -> str:
    """What a command answers that has to succeed."""
    told = interfocal(*words, "--var", str(var))
    assert told.returncode == 0, told.stderr
    return told.stdout


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def enrolled(region: Path, own: Path, files: Path) -> None:
    """Everything that people of both sides type, in its order."""
    in_force, bundle, following = Places(region).trust.document(1), files / "cc.member", files / "2.jws"
    root = found(f"signed by root ({FINGERPRINT})", typed(region, "directory", "verify"))
    typed(own, "directory", "trust", str(in_force), "--region", "two-members", "--root", root)
    typed(own, "member", "add", NEW, "--name", "Cesta", "--language", "en", "--time-zone", "Europe/Rome")
    said = found(f"by another way: ({FINGERPRINT})", typed(own, "member", "export", NEW, "--out", str(bundle)))
    assert found(f"by phone: ({FINGERPRINT})", typed(region, "member", "import", str(bundle))) == said
    assert "members[CC].keys" in typed(region, "directory", "diff")
    typed(region, "directory", "sign", "--root", str(Places(region).root_key), "--out", str(following))
    assert "0 topics made" not in typed(region, "provision", "apply", "--following", str(following))
    for principal in ("cc.producer", "cc.desk"):  # handed over by a way that nobody else reads
        write_private(password_file(Places(own), principal), password_file(Places(region), principal).read_bytes())
    typed(region, "directory", "publish", str(following))
    assert "Version 2" in typed(own, "directory", "trust", str(following))
    migrated = typed(own, "migrate")
    assert "desk_cc" in migrated
    assert migrated.count("database ") == 1, "only what is the member's own is made on its machine"


def test_a_new_member_joins_a_running_region(exchange: Exchange, own: Path, tmp_path: Path) -> None:
    region = exchange.installation.var
    Story(exchange, "BEFORE").play()
    enrolled(region, own, tmp_path)
    urls = [f"https://127.0.0.1:{port}" for port in free_ports(2)]
    joined = Exchange(open_installation(own), dict(zip((PRODUCER, DESKS), urls, strict=True)))
    try:
        joined.start(PRODUCER)
        joined.start(DESKS)
        until(lambda: Places(region).trust.said().version == 2, "the region to go by version 2")
        submit(joined, NEW, "missing", a_missing("M-1", "JOINED1"))
        until(lambda: exchange.region("select 1 from event where member = %s", NEW), "its record in the regional view")
        asked = DeskActs(exchange.installation, "AA").open(a_request("T-1", a_firearm("JOINED1")))
        arrived = "select 1 from inbox where trace_id = %s and purpose = 'accountable'"
        until(lambda: joined.desk(NEW, arrived, asked.trace_id), "the request at the new member's focal point")
        answered = DeskActs(joined.installation, NEW).act(str(asked.trace_id), "acknowledgement", {}, reference="A-1")
        acted = "select 1 from inbox where of_event = %s"
        until(lambda: exchange.desk("AA", acted, answered.event_id), "its acknowledgement at the asker's")
    finally:
        stop_processes(list(joined.processes.values()))
    assert exchange.region("select reason from quarantine where settled is null") == []
    exchange.installation = open_installation(region)
    check_flow(exchange)
