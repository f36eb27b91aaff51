"""Whoever runs the brokers rewrites a topic: `ledger verify` names each thing that was done to it, and where."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient
from typer.testing import CliRunner

from consumers.source import Broker, KafkaTopicReader
from interfocal.clock import now
from interfocal.commands.main import build_app
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.stack import Stack
from producers.heartbeat import beat
from running import until
from schemas.record import SEAL_HEADER, Record
from schemas.trust.seal import read_seal, seal
from small_records import ASKED, ASKER, a_seizure
from small_region import member_parts, region_parts, settle, settled_region

TOPIC, OTHER = "aa.seizure", "bb.missing"
RECORDS = 5
Named = set[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Written:
    """A settled region, and what lay on two of its topics."""

    installation: Installation
    honest: Sequence[Record]
    other: Record


@pytest.fixture(scope="module")
def written(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    with settled_region(stack, tmp_path_factory.mktemp("tampering"), f"t{secrets.token_hex(6)}.") as small:
        publish_three_more_and_a_heartbeat(small.installation)
        honest, (other, *_) = (records(small.installation, topic) for topic in (TOPIC, OTHER))
        assert [number(record) for record in honest] == list(range(1, RECORDS + 1))
        yield Written(small.installation, honest, other)


def publish_three_more_and_a_heartbeat(installation: Installation) -> None:
    members = {code: member_parts(installation, code) for code in (ASKER, ASKED)}
    parts = region_parts(installation, members)
    try:
        members[ASKER].submit("seizure", *(a_seizure(f"KU-{at}", f"L-{at}") for at in range(50, 53)))
        settle(installation, members, parts)
        intake = members[ASKER].intake
        assert beat(intake.outbox, intake.identity, now(), 1.0)
        settle(installation, members, parts)
    finally:
        parts.close()
        for member in members.values():
            member.close()


def number(record: Record) -> int:
    (header,) = record.header_values(SEAL_HEADER)
    return read_seal(header).claims.seq


def records(installation: Installation, topic: str) -> list[Record]:
    reader = KafkaTopicReader(Broker(admin_access_of(installation), "test", installation.prefix))
    with closing(reader):
        return list(reader.read(topic, 0, reader.bounds([topic])[topic].end))


def rewrite(installation: Installation, content: Sequence[Record]) -> None:
    """The topic holds exactly these records, from offset 0 on."""
    name, settings = installation.prefix + TOPIC, admin_access_of(installation).settings()
    with closing(KafkaAdminClient(**settings)) as admin:
        admin.delete_topics([name])
        until(lambda: name not in admin.list_topics(), "the topic to be gone")
        admin.create_topics({name: {"num_partitions": 1}}, wait_for_metadata=True)
    with closing(KafkaProducer(**settings, enable_idempotence=True)) as producer:
        for record in content:
            producer.send(name, key=record.key, value=record.value, headers=list(record.headers)).get(timeout=30)


def proof(installation: Installation) -> tuple[int, Named]:
    """The command's exit code, and the problems that it names."""
    words = ["ledger", "verify", "--json", "--var", str(installation.var)]
    done = CliRunner().invoke(build_app(), words, catch_exceptions=False)
    return done.exit_code, {(problem["code"], problem["where"]) for problem in json.loads(done.stdout)["problems"]}


def altered(record: Record) -> Record:
    value = bytearray(record.value or b"")
    value[-1] ^= 1
    return replace(record, value=bytes(value))


def resealed(written: Written, record: Record) -> Record:
    """What the holder of the key seals under the number of a record that he has sealed before."""
    (header,) = record.header_values(SEAL_HEADER)
    value, owner = altered(record).value or b"", ASKER.lower()
    again = seal(value, read_seal(header).claims, written.installation.signing_keys(owner).at(int(now().timestamp())))
    headers = tuple((name, again if name == SEAL_HEADER else said) for name, said in record.headers)
    return replace(record, value=value, headers=headers)


def dropped(written: Written) -> Sequence[Record]:
    return [record for record in written.honest if number(record) != 4]


def cut_off(written: Written) -> Sequence[Record]:
    return written.honest[:-1]


def reordered(written: Written) -> Sequence[Record]:
    one, two, three, four, five = written.honest
    return [one, two, four, three, five]


def altered_in_place(written: Written) -> Sequence[Record]:
    return [altered(record) if number(record) == 4 else record for record in written.honest]


def copied(written: Written) -> Sequence[Record]:
    return [*written.honest, written.other]


def replayed(written: Written) -> Sequence[Record]:
    return [*written.honest, written.honest[2]]


def forked_beside(written: Written) -> Sequence[Record]:
    one, two, three, four, five = written.honest
    return [one, two, three, four, resealed(written, four), five]


def forked_instead(written: Written) -> Sequence[Record]:
    return [resealed(written, record) if number(record) == 4 else record for record in written.honest]


DONE: Mapping[Callable[[Written], Sequence[Record]], tuple[str, str]] = {
    dropped: ("chain_gap", f"{TOPIC} life 1: 4 to 4"),
    cut_off: ("chain_gap", f"{TOPIC} life 1: 5 to 5"),
    reordered: ("out_of_order", f"{TOPIC} 3"),
    altered_in_place: ("chain_gap", f"{TOPIC} life 1: 4 to 4"),
    copied: ("not_in_quarantine", f"{TOPIC} {RECORDS}"),
    forked_beside: ("chain_fork", f"{TOPIC} life 1: 4 at offset 4"),
    forked_instead: ("chain_fork", f"{TOPIC} life 1: 5 at offset 4"),
}


@pytest.mark.parametrize("done", DONE, ids=lambda done: done.__name__)
def test_what_is_done_to_the_log_is_named(written: Written, done: Callable[[Written], Sequence[Record]]) -> None:
    rewrite(written.installation, done(written))
    code, named = proof(written.installation)
    assert (code, DONE[done] in named) == (1, True), named


def test_an_end_that_is_gone_is_acknowledged_like_any_gap(written: Written) -> None:
    rewrite(written.installation, written.honest[:-2])
    gap = ("chain_gap", f"{TOPIC} life 1: 4 to 5")
    assert gap in proof(written.installation)[1]
    words = ["ledger", "acknowledge", TOPIC, "1", "4", "5", "--because", "a disk that died", "--by", "o-7"]
    told = CliRunner().invoke(build_app(), [*words, "--var", str(written.installation.var)], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert gap not in proof(written.installation)[1]


def test_the_same_records_written_anew_prove_the_same(written: Written) -> None:
    rewrite(written.installation, written.honest)
    assert proof(written.installation) == (0, set())


def test_a_replayed_record_is_one_that_was_not_read_yet_and_nothing_else(written: Written) -> None:
    """A repeat is no fault, a retry may leave one: it counts once (tests/e2e/test_replay.py lets it be folded)."""
    rewrite(written.installation, replayed(written))
    assert proof(written.installation)[1] == {("position_not_at_end", f"{TOPIC}: {RECORDS} of {RECORDS + 1}")}
