"""What a member seals and no reader can open waits in quarantine as that member's, and nobody else's flow stops."""

from collections.abc import Iterator

import pytest

from avro_bombs import bombs
from looping import Bench, bench
from records import Station, a_seizure
from schemas.topics import MAX_EVENT_BYTES
from schemas.wire.catalogue import latest

BAD, GOOD = "rs.seizure", "al.seizure"
BOMBS = [bomb for bomb in bombs(latest("seizure").schema_id) if len(bomb) <= MAX_EVENT_BYTES][::7]
LARGE = [bomb for bomb in bombs(latest("seizure").schema_id) if len(bomb) > MAX_EVENT_BYTES][:3]


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    opened = bench(database, [BAD, GOOD], quarantine_limit=len(BOMBS) + len(LARGE))
    yield opened
    opened.close()


def test_sealed_bombs_wait_in_quarantine_and_every_sound_event_is_folded(at: Bench) -> None:
    rs, al = Station(BAD), Station(GOOD)
    for number, bomb in enumerate(BOMBS + LARGE):
        made = rs.record(a_seizure(f"rs-{number}"), value=bomb)
        at.log.write(BAD, made.key, made.value, made.headers)
        al.put(at.log, a_seizure(f"al-{number}", "AL"))
    rs.put(at.log, a_seizure("rs-last"))
    at.drain(at.loop())
    sent = len(BOMBS) + len(LARGE)
    assert at.positions() == {BAD: sent + 1, GOOD: sent}
    assert len(at.effects()) == sent + 1
    assert [(topic, offset) for topic, offset, _ in at.reasons()] == [(BAD, offset) for offset in range(sent)]
    assert at.rows("select distinct member from quarantine") == [("RS",)]
    assert at.notes.of("gap") == at.notes.of("away") == at.notes.of("paused") == []
