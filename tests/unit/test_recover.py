"""After any loss of its disk a member's outbox says again what its topics say, and goes on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from intake_cases import NOW, trace_request
from producers.heartbeat import beat
from producers.outbox import Revision
from recovering import HEARTBEATS, SEIZURES, Side, export
from schemas.directory import LastHonest
from schemas.errors import TopicAhead, TopicBehind
from schemas.record import SEAL_HEADER, Draft
from schemas.trust.chain import Expectation, verify_records
from schemas.trust.gaps import chain_gaps
from schemas.trust.keys import KeyRing, SigningKeys
from schemas.trust.seal import link_hash
from sealing import AUD, a_key, an_id, expecting, public


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Side]:
    one = Side(tmp_path / "rs")
    yield one
    one.close()


def index(side: Side) -> set[Revision]:
    return set(side.intake.outbox.reading.all_revisions())


def index_of(side: Side) -> set[Revision]:
    """The index that the topic's events make."""
    return {
        Revision(
            "seizure",
            one.record_id,
            one.revision,
            one.source.content,
            one.source.national_version,
            one.event_id,
            one.recorded_at,
        )
        for one in side.said()
    }


def gaps(side: Side) -> list[tuple[int, int, int]]:
    verdicts = verify_records(side.log.topics[SEIZURES], expecting(a_key()), singly=True)
    seals = [verdict.seal for verdict in verdicts if verdict.seal is not None]
    assert len(seals) == len(verdicts)
    return [(gap.life, gap.first, gap.last) for gap in chain_gaps(seals)]


def test_the_index_of_a_lost_disk_is_rebuilt_and_the_next_full_export_changes_nothing(side: Side) -> None:
    side.submit(export("1", "2"))
    side.submit(export("1", national_version="2"))
    side.ask("T-1")
    side.send()
    before, rows = index(side), list(side.intake.outbox.reading.all_rows())
    side.lose_disk()
    told = side.recover()
    assert index(side) == before
    assert {row.draft for row in side.intake.outbox.reading.all_rows()} == {row.draft for row in rows}
    assert sum(topic.restored for topic in told.topics) == len(rows)
    assert side.outcomes([*export("2"), *export("1", national_version="2"), *export("1")]) == [
        "unchanged",
        "unchanged",
        "superseded",
    ]
    assert side.ask("T-1").outcome == "unchanged"


def test_heartbeats_go_on_in_a_new_life_and_old_ones_are_not_taken_up(side: Side) -> None:
    for _ in range(3):
        assert beat(side.intake.outbox, side.intake.identity, side.clock(), 1.0)
        side.send()
    side.lose_disk()
    told = {one.topic: one for one in side.recover().topics}
    assert (told[HEARTBEATS].life, told[HEARTBEATS].after) == (2, (1, 3))
    assert list(side.intake.outbox.reading.all_rows()) == []
    assert beat(side.intake.outbox, side.intake.identity, side.clock(), 1.0)
    side.send()
    assert side.recover().topics[0].life is None
    assert len(side.log.topics[HEARTBEATS]) == 4


def test_a_lost_outbox_goes_on_in_a_new_life_after_what_the_topic_reached(side: Side) -> None:
    side.submit(export("1", "2", "3"))
    side.send()
    side.lose_disk()
    told = {topic.topic: topic for topic in side.recover().topics}
    assert (told[SEIZURES].life, told[SEIZURES].after) == (2, (1, 3))
    side.submit(export("4"))
    side.send()
    assert len(side.said()) == 4
    assert gaps(side) == []


def test_a_restored_outbox_sends_nothing_until_it_is_recovered(side: Side) -> None:
    side.submit(export("1"))
    side.send()
    backup = side.back_up()
    side.submit(export("2", "3"))
    side.send()
    side.put_back(backup)
    side.submit(export("4"))
    for _ in range(2):
        with pytest.raises(TopicAhead):
            side.relay().run_once()
    assert len(side.said()) == 3
    told = side.recover()
    assert [topic.restored for topic in told.topics if topic.topic == SEIZURES] == [2]
    assert told.waiting == 1
    side.send()
    assert len(side.said()) == 4
    assert side.outcomes(export("1", "2", "3", "4")) == ["unchanged"] * 4
    assert gaps(side) == []


def test_what_an_ended_key_sealed_beyond_its_end_is_sealed_again_in_a_new_life(side: Side) -> None:
    side.submit(export("1", "2", "3"))
    side.send()
    first = side.log.topics[SEIZURES][0]
    link = link_hash(first.header_values(SEAL_HEADER)[0], first.value or b"")
    last = LastHonest(topic=SEIZURES, life=1, seq=1, hash=link)
    ended, fresh = replace(public(a_key()), honest={SEIZURES: last}), a_key("rs-2")
    side.expected = Expectation(AUD, KeyRing.of([ended, public(fresh)]))
    side.keys = SigningKeys(((ended, a_key()), (public(fresh), fresh)))
    with pytest.raises(TopicBehind):
        side.send()
    told = {one.topic: one for one in side.recover().topics}
    assert (told[SEIZURES].life, told[SEIZURES].after, told[SEIZURES].lost) == (2, (1, 1), ((1, 2), (1, 3)))
    side.send()
    verdicts = verify_records(side.log.topics[SEIZURES], side.expected, singly=True)
    usable = [verdict for verdict in verdicts if verdict.seal is not None]
    assert [verdict.error.code for verdict in verdicts if verdict.error] == ["key_ended"] * 2
    values = [verdict.record.value or b"" for verdict in usable]
    assert sorted(values) == sorted({record.value or b"" for record in side.log.topics[SEIZURES]})
    assert chain_gaps([verdict.seal for verdict in usable if verdict.seal]) == []


def test_recovering_what_agrees_changes_nothing(side: Side) -> None:
    side.submit(export("1", "2"))
    side.send()
    side.submit(export("3"))
    before = list(side.intake.outbox.reading.all_rows()), side.intake.outbox.heads()
    told = side.recover()
    assert {topic.life for topic in told.topics} == {None}
    assert (list(side.intake.outbox.reading.all_rows()), side.intake.outbox.heads()) == before


def test_rows_that_arrived_unacknowledged_are_marked_published(side: Side) -> None:
    side.submit(export("1", "2"))
    side.send()
    side.intake.outbox.writer.connection.execute("update outbox set published_offset = null")
    assert side.recover().waiting == 0


def test_a_recovery_is_done_once(side: Side) -> None:
    side.submit(export("1"))
    side.send()
    side.lose_disk()
    side.recover()
    heads = side.intake.outbox.heads()
    assert {topic.life for topic in side.recover().topics} == {None}
    assert side.intake.outbox.heads() == heads


def test_numbers_that_kafka_acknowledged_and_lost_are_named_and_sent_again(side: Side) -> None:
    side.submit(export("1", "2", "3"))
    side.send()
    del side.log.topics[SEIZURES][1:]
    told = next(topic for topic in side.recover().topics if topic.topic == SEIZURES)
    assert told.lost == ((1, 2), (1, 3))
    assert told.after == (1, 3)
    side.send()
    assert len(side.said()) == 3
    assert gaps(side) == [(1, 2, 3)]


def test_holes_of_the_topic_are_named(side: Side) -> None:
    side.submit(export("1", "2", "3"))
    side.send()
    side.lose_disk()
    del side.log.topics[SEIZURES][1]
    told = next(topic for topic in side.recover().topics if topic.topic == SEIZURES)
    assert told.missing == ((1, 2, 2),)


def test_what_an_empty_outbox_accepted_again_is_not_said_twice(side: Side) -> None:
    side.submit(export("1", "2"))
    side.send()
    side.lose_disk()
    assert side.outcomes(export("1")) == ["accepted"]
    (same,) = side.recover().settled.again
    assert same == side.submit(export("1"))[0].event_id
    assert index(side) == index_of(side)
    side.send()
    assert len(side.said()) == 2


def test_news_that_an_empty_outbox_accepted_becomes_the_next_revision(side: Side) -> None:
    side.submit(export("1", national_version="1"))
    side.submit(export("1", national_version="2"))
    side.send()
    side.lose_disk()
    side.submit(export("1", national_version="3"))
    settled = side.recover().settled
    side.send()
    last = side.said()[-1]
    assert (last.revision, last.source.national_version) == (3, "3")
    assert list(settled.renumbered.values()) == [last.event_id]


def test_an_older_version_that_an_empty_outbox_accepted_is_kept_as_rejected(side: Side) -> None:
    side.submit(export("1", national_version="2"))
    side.send()
    side.lose_disk()
    side.submit(export("1", national_version="1"))
    assert set(side.recover().settled.rejected.values()) == {"stale_version"}
    side.send()
    assert len(side.said()) == 1
    (kept,) = side.intake.outbox.reading.rejected()
    assert kept.rejected.problems[0].parameters["newer"] == "2"


def test_another_act_under_a_used_reference_is_kept_as_rejected(side: Side) -> None:
    side.ask("T-1")
    side.send()
    side.lose_disk()
    other = trace_request(national_id="T-1", own_reference="another")
    assert side.outcomes([other], "trace") == ["accepted"]
    assert set(side.recover().settled.rejected.values()) == {"reference_reused"}


def test_bytes_under_nobodys_seal_restore_nothing(side: Side) -> None:
    side.log.write(SEIZURES, b"k", b"noise", (("seal", b"x"),))
    side.submit(export("1"))
    side.send()
    side.lose_disk()
    side.recover()
    assert len(list(side.intake.outbox.reading.all_rows())) == 1


def test_an_event_that_cannot_be_read_is_named_and_keeps_its_number(side: Side) -> None:
    with side.intake.outbox.accept() as acceptance:
        draft = Draft(SEIZURES, an_id("x"), an_id("r"), b"\x00\x00\x00\x00\x65broken")
        acceptance.add(Revision("seizure", an_id("r"), 1, "d", None, an_id("x"), NOW), draft)
    side.send()
    side.lose_disk()
    assert side.recover().unreadable == (an_id("x"),)
    side.submit(export("1"))
    side.send()
    assert gaps(side) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "submit", "send", "back up", "put back", "lose"]),
        st.integers(1, 3),
        st.integers(1, 4),
    ),
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_after_any_losses_what_was_said_stays_said_once_and_nothing_else_is(
    steps: list[tuple[str, int, int]],
) -> None:
    with TemporaryDirectory() as folder:
        side = Side(Path(folder) / "rs")
        backup = side.back_up()
        for step, record, version in [*steps, ("lose", 0, 0), ("send", 0, 0)]:
            if step == "submit":
                side.submit(export(str(record), national_version=str(version)))
            elif step == "back up":
                backup = side.back_up()
            elif step == "put back":
                side.put_back(backup)
            elif step == "lose":
                side.lose_disk()
            elif step == "send":
                settled = side.recover().settled
                for kind in ("again", "renumbered", "rejected"):
                    event(f"{kind}: {bool(getattr(settled, kind))}")
                side.send()
        said = side.said()
        assert len({one.event_id for one in said}) == len(said)
        assert len({(one.record_id, one.source.content) for one in said}) == len(said)
        versions: dict[str, list[str]] = {}
        for one in sorted(said, key=lambda one: one.revision):
            versions.setdefault(one.record_id, []).append(one.source.national_version or "")
        assert all(found == sorted(found) for found in versions.values())
        assert index(side) == index_of(side)
        assert gaps(side) == []
        side.close()
