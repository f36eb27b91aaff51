"""What a region concludes at its start from a topic of its own and the head of its outbox."""

from dataclasses import replace

from interfocal.wiring.recovery import is_ahead
from producers.comparison import Found
from schemas.record import SEAL_HEADER
from schemas.trust.seal import link_hash, read_seal
from sealing import Writer


def written(writer: Writer, count: int) -> list[Found]:
    """So many records as they are found on the topic, newest first."""
    found = []
    for offset in range(count):
        record = writer.write(b"%d" % offset)
        (header,) = record.header_values(SEAL_HEADER)
        found.append(Found(read_seal(header).claims, header, link_hash(header, record.value or b""), offset))
    return found[::-1]


def test_a_topic_that_lacks_numbers_is_not_ahead_whoever_is_about_to_send_them() -> None:
    writer = Writer()
    found = written(writer, 3)
    assert not is_ahead(writer.topic, writer.link, found)
    assert not is_ahead(writer.topic, writer.link, found[1:])
    assert not is_ahead(writer.topic, writer.link, [])


def test_a_topic_with_numbers_that_the_outbox_never_gave_or_gave_to_others_is_ahead() -> None:
    writer = Writer()
    found = written(writer, 2)
    head = writer.link
    assert is_ahead(writer.topic, None, found)
    assert is_ahead(writer.topic, head, written(writer, 1))
    assert is_ahead(writer.topic, replace(head, prev="another"), found)
