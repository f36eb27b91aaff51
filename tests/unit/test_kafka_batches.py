"""Whatever a batch holds, every offset is told once, nothing is unpacked, and nothing is raised."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatch

from consumers.kafka_batches import DAMAGED, MISPLACED
from opened_batches import opened
from raw_batches import BOMBS, NOBODY, Codec, batch, record, records, sized, varint
from schemas.record import COMPRESSED, TRANSACTION, UNREADABLE_HEADER, Record

BAD_NAME = [(b"\xff\xfe", b"1")]
FORM = "CorruptRecordError"
CONTROL = 0x20
TRANSACTIONAL = 0x10


def told(found: Sequence[Record]) -> list[tuple[int, int, bytes | str | None]]:
    """First and last offset of each record, and its value or why it has none."""
    return [(one.offset, one.next_offset - 1, why(one) or one.value) for one in found]


def why(one: Record) -> str | None:
    return dict(one.headers)[UNREADABLE_HEADER].decode() if one.headers[:1] and one.value is None else None


def damaged(written: bytes, at: int = -1) -> bytes:
    octets = bytearray(written)
    octets[at] ^= 0x10
    return bytes(octets)


def test_what_is_sound_is_handed_on_as_it_is() -> None:
    written = batch(records(2), 2) + batch(record(b"x", None, [(b"h", None)]), base=2)
    found = opened(written)
    assert told(found) == [(0, 0, b"0"), (1, 1, b"1"), (2, 2, b"x")]
    assert found[2].headers == (("h", b""),)
    assert [one.key for one in found] == [b"k", b"k", None]
    assert told(opened(written, start=1)) == [(1, 1, b"1"), (2, 2, b"x")]


def test_bytes_that_a_count_leaves_over_change_nothing() -> None:
    """A broker refuses such a batch; nothing of it is lost, because no offset is left."""
    assert told(opened(batch(records(2), 1) + batch(record(b"x"), base=1))) == [(0, 0, b"0"), (1, 1, b"x")]


@pytest.mark.parametrize("codec", [*range(1, 8)])
def test_nothing_compressed_is_unpacked(codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(DefaultRecordBatch, "_maybe_uncompress")
    content = BOMBS[Codec(codec)]() if codec in BOMBS else b"of a codec to come"
    written = batch(content, 1000, codec) + batch(content, 1, codec, base=1000)
    assert told(opened(written)) == [(0, 999, COMPRESSED), (1000, 1000, COMPRESSED)]
    assert told(opened(written, start=400)) == [(400, 999, COMPRESSED), (1000, 1000, COMPRESSED)]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (record(b"x", b"k", BAD_NAME, delta=1), FORM),
        (record(b"x", delta=0), MISPLACED),
        (record(b"x", delta=-1), MISPLACED),
        (record(b"x", delta=2), MISPLACED),
        (record(b"x", delta=3), MISPLACED),
        (record(b"x", delta=2**31 - 1), MISPLACED),
        (record(b"x", delta=-(2**31)), MISPLACED),
        (sized(b"\x00\x00\x02\x01" + varint(10_000) + b"x"), FORM),
        (sized(b"\x00\x00\x02\x01\x01" + varint(2**31 - 1)), FORM),
        (sized(b"\x00\x00\x02\x01\x01" + varint(1) + varint(-1) + b"\x01"), FORM),
        (sized(b"\x00" + b"\xff" * 11), FORM),
        (varint(-1), FORM),
        (b"", MISPLACED),
        (varint(2**31 - 1) + b"\x00", FORM),
    ],
)
def test_what_follows_a_record_that_lies_is_told_as_one(second: bytes, reason: str) -> None:
    written = batch(record(b"0") + second + record(b"2", delta=2), 3) + batch(record(b"3"), base=3)
    assert told(opened(written)) == [(0, 0, b"0"), (1, 2, reason), (3, 3, b"3")]
    assert told(opened(written, start=2)) == [(2, 2, reason), (3, 3, b"3")]


def test_records_in_another_order_are_none() -> None:
    written = batch(record(b"1", delta=1) + record(b"0", delta=0), 2)
    assert told(opened(written)) == [(0, 1, MISPLACED)]


def test_what_compaction_took_away_is_missing_and_nothing_else() -> None:
    kept = record(b"1", delta=1) + record(b"4", delta=4)
    written = batch(kept, 2, last=5) + batch(record(b"6"), base=6)
    assert told(opened(written)) == [(1, 1, b"1"), (4, 4, b"4"), (6, 6, b"6")]
    beyond = batch(record(b"1", delta=1) + record(b"9", delta=9), 2, last=5)
    assert told(opened(beyond)) == [(1, 1, b"1"), (2, 5, MISPLACED)]


def test_a_batch_whose_checksum_fails_stands_for_one_offset() -> None:
    """Nothing that it says of itself is believed; reading on from the next offset shows it again, or what follows."""
    written = batch(record(b"0")) + damaged(batch(records(3), 3, base=1)) + batch(record(b"4"), base=4)
    assert told(opened(written)) == [(0, 0, b"0"), (1, 1, DAMAGED), (4, 4, b"4")]
    assert told(opened(written[70:], start=2)) == [(2, 2, DAMAGED), (4, 4, b"4")]


def test_a_batch_of_an_old_format_is_not_read() -> None:
    old = bytearray(batch(record(b"1"), base=1))
    old[16] = 1
    assert told(opened(batch(record(b"0")) + old)) == [(0, 0, b"0"), (1, 1, DAMAGED)]


def test_what_a_broker_marks_is_told_and_its_place_is_not_lost() -> None:
    """Nothing would be read at its offset ever after: no position would pass it, and no start would catch up."""
    marker = batch(record(b"\x00" * 6, b"\x00\x00\x00\x01"), 1, CONTROL | TRANSACTIONAL, writer=(7, 0, -1))
    assert told(opened(marker)) == [(0, 0, TRANSACTION)]
    assert told(opened(marker + damaged(batch(record(b"1"), base=1)))) == [(0, 0, TRANSACTION), (1, 1, DAMAGED)]


def test_what_was_aborted_is_told_unopened() -> None:
    written = batch(b"zip", 5, Codec.GZIP | TRANSACTIONAL, writer=(7, 0, 0)) + batch(b"zip", 1, Codec.GZIP, base=5)
    aborted = SimpleNamespace(first_offset=0, producer_id=7)
    assert told(opened(written, aborted=[aborted])) == [(0, 4, TRANSACTION), (5, 5, COMPRESSED)]
    assert told(opened(written, start=3, aborted=[aborted])) == [(3, 4, TRANSACTION), (5, 5, COMPRESSED)]
    assert told(opened(written)) == [(0, 4, COMPRESSED), (5, 5, COMPRESSED)]


def test_a_portion_may_end_anywhere() -> None:
    written = batch(records(3), 3) + batch(b"zip", 4, Codec.ZSTD, base=3) + batch(records(2), 2, base=7)
    for at_once in range(1, 8):
        assert told(opened(written, at_once=at_once)) == told(opened(written))


PLACES = st.sampled_from([-(2**31), -1, 0, 1, 2, 3, 2**31 - 1])
SOME_BYTES = st.binary(max_size=6)
A_RECORD = st.builds(
    record,
    st.none() | SOME_BYTES,
    st.none() | SOME_BYTES,
    st.lists(st.tuples(SOME_BYTES, st.none() | SOME_BYTES)),
    PLACES,
)
CONTENTS = st.one_of(
    st.integers(1, 4).map(records), st.lists(A_RECORD, max_size=4).map(b"".join), st.binary(max_size=60)
)


@st.composite
def batches(draw: st.DrawFn, base: int, *, whole: bool) -> tuple[bytes, int]:
    """A batch that begins at ``base``, whatever it holds, and the offset after it."""
    count, more = draw(st.integers(1, 4)), 0 if whole else draw(st.integers(0, 5))
    writer = draw(st.sampled_from([NOBODY, (7, 0, 0)]))
    one = batch(draw(CONTENTS), count, draw(st.integers(0, 63)), base=base, last=count + more - 1, writer=writer)
    return damaged(one, 40) if not whole and draw(st.booleans()) else one, base + count + more


@st.composite
def answers(draw: st.DrawFn, *, whole: bool = False) -> tuple[bytes, int, int]:
    """What a broker answers, an offset in the first of its batches, and the offset after the last."""
    written, ends = b"", [0]
    for _ in range(draw(st.integers(1, 4))):
        one, end = draw(batches(ends[-1], whole=whole))
        written += one
        ends.append(end)
    return written, draw(st.integers(0, ends[1] - 1)), ends[-1]


ABORTED = (SimpleNamespace(first_offset=0, producer_id=7),)


@settings(max_examples=400)
@given(answers(), st.integers(1, 5))
def test_every_offset_is_told_once_and_in_order(answer: tuple[bytes, int, int], at_once: int) -> None:
    """A broker sees to it that headers agree with where batches lie, and begins with the one that holds the start."""
    written, place, end = answer
    for found in opened(written, place, at_once, aborted=ABORTED):
        assert found.offset >= place
        assert found.span > 0
        place = found.next_offset
    assert place <= end


@settings(max_examples=400)
@given(answers(whole=True), st.integers(1, 5))
def test_no_offset_is_left_out_of_what_nobody_damaged_or_compacted(
    answer: tuple[bytes, int, int], at_once: int
) -> None:
    written, place, end = answer
    for found in opened(written, place, at_once, aborted=ABORTED):
        assert found.offset == place
        place = found.next_offset
    assert place == end
