"""Where each topic is folded to. Positions stand beside the effects and move in the same transaction.

It changes when a position says more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from schemas.errors import Temporary


@dataclass(frozen=True, slots=True)
class Stored:
    """A topic's next offset, and why it is paused (None: it flows)."""

    next_offset: int
    paused: str | None


class PositionMoved(Temporary):
    """Another instance moved a position that this transaction was about to move."""

    default_code = "position_moved"


def ensure(transaction: Connection[Any], topics: Sequence[str]) -> None:
    """Give each topic a row; a new one starts at 0."""
    transaction.execute(
        "insert into topic_position (topic, next_offset) select topic, 0 from unnest(%s::text[]) as topic"
        " order by topic on conflict do nothing",
        [sorted(topics)],
    )


def read(connection: Connection[Any], topics: Sequence[str]) -> Mapping[str, Stored]:
    """The rows of these topics, for those that have one."""
    rows = connection.execute(
        "select topic, next_offset, paused from topic_position where topic = any(%s)", [list(topics)]
    )
    return {topic: Stored(next_offset, paused) for topic, next_offset, paused in rows}


def lock(transaction: Connection[Any], topics: Sequence[str]) -> Mapping[str, Stored]:
    """The rows of these topics, locked in topic order until the transaction ends."""
    rows = transaction.execute(
        "select topic, next_offset, paused from topic_position where topic = any(%s) order by topic for update",
        [list(topics)],
    )
    return {topic: Stored(next_offset, paused) for topic, next_offset, paused in rows}


def move(transaction: Connection[Any], moves: Mapping[str, tuple[int, int]]) -> None:
    """Compare and set (topic -> from, to), all or none; raises PositionMoved."""
    topics = sorted(moves)
    result = transaction.execute(
        "update topic_position as stored set next_offset = moved.next_offset"
        " from unnest(%s::text[], %s::bigint[], %s::bigint[]) as moved (topic, expected, next_offset)"
        " where stored.topic = moved.topic and stored.next_offset = moved.expected",
        [topics, [moves[t][0] for t in topics], [moves[t][1] for t in topics]],
    )
    if result.rowcount != len(topics):
        raise PositionMoved(f"of {len(topics)} positions {result.rowcount} stood where they were expected")


def go_back(transaction: Connection[Any], topic: str, offset: int) -> None:
    """Have a topic read again from here, if it is folded further than that; the caller holds its row."""
    transaction.execute(
        "update topic_position set next_offset = least(next_offset, %s) where topic = %s", [offset, topic]
    )


def pause(transaction: Connection[Any], topic: str, reason: str) -> None:
    """Stop folding a topic until a person lets it flow again."""
    transaction.execute("update topic_position set paused = %s where topic = %s", [reason, topic])


def let_flow(transaction: Connection[Any], topic: str) -> bool:
    """End a topic's pause; False when it was not paused."""
    result = transaction.execute(
        "update topic_position set paused = null where topic = %s and paused is not null", [topic]
    )
    return result.rowcount == 1
