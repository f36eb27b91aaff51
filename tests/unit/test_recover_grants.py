"""After the loss of its outbox a member knows what it granted and erased, and clears what it could not clear before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from intake_cases import trace_request
from producers.intake.result import Result
from recovering import Side
from schemas.events.ids import event_id
from schemas.topics import member_topic

GRANTS = member_topic("rs", "grant")


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Side]:
    one = Side(tmp_path / "rs")
    yield one
    one.close()


def asked(side: Side) -> tuple[Result, str]:
    """A request with a sealed part, sent; and the grant to the own desk."""
    (result,) = side.submit([trace_request(sealed_part={"case_details": "written"})], "trace")
    side.send()
    return result, next(record.key.decode() for record in side.log.topics[GRANTS] if record.key)


def erase(side: Side, request: Result, grant: str) -> Result:
    record = {
        "national_id": "E-1",
        "own_reference": "E-1",
        "handling": {"codes": ["H0"]},
        "act": "erasure",
        "requester": "RS",
        "trace_id": request.trace_id,
        "hop": 1,
        "cause": request.event_id,
        "erasure": {"grants": [grant]},
    }
    (result,) = side.submit([record], "trace")
    return result


def tombstones(side: Side) -> list[str]:
    return [record.key.decode() for record in side.log.topics[GRANTS] if record.key and record.value is None]


def granted_again(side: Side, request: Result) -> Result:
    """The same grant, under the reference that it always has."""
    record = {
        "national_id": f"{request.event_id}:0:RS",
        "of_event": request.event_id,
        "ciphertext_sha256": "A" * 43,
        "hop": 0,
        "addressee": "RS",
        "opening_key": "rs.open.1",
        "suite": "any",
        "wrapped": "AAAA",
        "handling": {"codes": ["H0"]},
    }
    (result,) = side.submit([record], "grant")
    return result


def test_what_was_granted_may_still_be_erased(side: Side) -> None:
    request, grant = asked(side)
    side.lose_disk()
    side.recover()
    assert erase(side, request, grant).outcome == "accepted"
    side.send()
    assert tombstones(side) == [grant]


def test_what_was_granted_is_not_granted_again(side: Side) -> None:
    request, _ = asked(side)
    side.lose_disk()
    side.recover()
    assert [found.code for found in granted_again(side, request).problems] == ["reference_reused"]


def test_what_was_erased_is_not_granted_again_though_its_topic_has_forgotten_it(side: Side) -> None:
    request, grant = asked(side)
    erase(side, request, grant)
    side.send()
    side.log.topics[GRANTS].clear()  # compacted
    side.lose_disk()
    side.recover()
    assert granted_again(side, request).event_id == event_id(grant, 1)
    assert list(side.intake.outbox.reading.all_rows())[-1].draft.topic == member_topic("rs", "trace")


def test_a_tombstone_that_was_lost_with_the_disk_is_sent_after_all(side: Side) -> None:
    request, grant = asked(side)
    erase(side, request, grant)
    side.send()
    side.log.topics[GRANTS] = [record for record in side.log.topics[GRANTS] if record.value is not None]
    side.lose_disk()
    side.recover()
    side.send()
    assert tombstones(side) == [grant]
    side.recover()
    side.send()
    assert tombstones(side) == [grant]


def test_a_grant_that_was_never_sent_is_sent_after_a_recovery(side: Side) -> None:
    """The outbox was restored: the topic is ahead of it, and what waits in it is owed all the same."""
    asked(side)
    backup = side.back_up()
    (_,) = side.submit(
        [trace_request(national_id="T-9", own_reference="T-9", sealed_part={"case_details": "b"})], "trace"
    )
    side.send()
    side.put_back(backup)
    (_,) = side.submit(
        [trace_request(national_id="T-8", own_reference="T-8", sealed_part={"case_details": "c"})], "trace"
    )
    side.recover()
    side.send()
    assert len({record.key for record in side.log.topics[GRANTS]}) == 3
