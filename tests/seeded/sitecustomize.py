"""Seeds one bug, or a wrong clock, into a process. It changes with the bugs that a verdict must catch.

Python imports a module of this name by itself at its start, where its folder is on ``PYTHONPATH``: the process is the
real one in everything else. ``SEEDED_BUG`` names the function here that seeds; each bug shows once. ``SEEDED_CLOCK``
says by how many days the process's clock is ahead.
"""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from psycopg import Connection

import consumers.loop
import interfocal.clock
from consumers.checked import CheckedEvent, SetAside
from consumers.folding import Outcome, Rules, fold
from consumers.plan import Batch, cut
from consumers.store import positions
from consumers.view.handler import ViewHandler
from producers.publisher import KafkaPublisher
from schemas.record import Delivery, Entry
from schemas.topics import owner_of, stream_of

STREAM = "seizure"
REVISION, OTHER_MEMBER, OTHER_TOPIC = 7, "BB", "bb.seizure"
Events = Sequence[CheckedEvent]
Altered = Callable[[CheckedEvent], Events]


@dataclass(slots=True)
class Once:
    """Says yes once."""

    left: bool = True

    def take(self) -> bool:
        """Whether this is the time."""
        now, self.left = self.left, False
        return now


def fold_instead(altered: Altered) -> None:
    """Have the view fold, in place of the first seizure, what ``altered`` makes of it."""
    once, usual = Once(), ViewHandler.fold

    def bugged(
        handler: ViewHandler, transaction: Connection[Any], events: Sequence[CheckedEvent]
    ) -> Sequence[SetAside]:
        at = next((at for at, one in enumerate(events) if stream_of(one.record.topic) == STREAM), None)
        if at is not None and once.take():
            events = [*events[:at], *altered(events[at]), *events[at + 1 :]]
        return usual(handler, transaction, events)

    patch.object(ViewHandler, "fold", bugged).start()


def drop_folded() -> None:
    """The view passes over an event, and the position moves on."""
    fold_instead(lambda _: [])


def double_folded() -> None:
    """The view counts an event twice, as two revisions."""
    fold_instead(lambda one: [one, changed(one, revision=REVISION)])


def wrong_origin_folded() -> None:
    """The view takes an event for another member's."""
    fold_instead(lambda one: [changed(one, member=OTHER_MEMBER)])


def changed(checked: CheckedEvent, **columns: object) -> CheckedEvent:
    """The same event, but for these fields."""
    return replace(checked, event=checked.event.model_copy(update=columns))


def position_before_effect() -> None:
    """Positions are committed before the effects, and the process dies in between."""

    def bugged(transaction: Connection[Any], batch: Batch, rules: Rules) -> Outcome:
        if not any(stream_of(topic) == STREAM for topic in batch.items):
            return fold(transaction, batch, rules)
        stored = positions.lock(transaction, list(batch.items))
        ends = {t: cut(items, stored[t].next_offset, None).next_offset for t, items in batch.items.items()}
        positions.move(transaction, {topic: (stored[topic].next_offset, end) for topic, end in ends.items()})
        transaction.execute("commit")
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    patch.object(consumers.loop, "fold", bugged).start()


Send = Callable[[KafkaPublisher, Entry], Delivery]


def send_instead(bugged: Callable[[Send], Send]) -> None:
    """Have relays hand entries over in another way."""
    patch.object(KafkaPublisher, "send", bugged(KafkaPublisher.send)).start()


@dataclass(frozen=True, slots=True)
class Invented:
    """An answer that nobody gave."""

    offset: int = 0

    def done(self) -> bool:
        """Whether there is an answer."""
        return True

    def result(self, timeout_s: float) -> int:
        """An offset."""
        del timeout_s
        return self.offset


def drop_sent() -> None:
    """A relay takes an event for acknowledged that it has not sent."""
    once = Once()

    def bugged(usual: Send) -> Send:
        def send(publisher: KafkaPublisher, entry: Entry) -> Delivery:
            if stream_of(entry.draft.topic) == STREAM and once.take():
                return Invented()
            return usual(publisher, entry)

        return send

    send_instead(bugged)


def wrong_origin_sent() -> None:
    """A relay sends an event to another member's topic."""
    once = Once()

    def bugged(usual: Send) -> Send:
        def send(publisher: KafkaPublisher, entry: Entry) -> Delivery:
            topic = entry.draft.topic
            if stream_of(topic) == STREAM and owner_of(topic) != owner_of(OTHER_TOPIC) and once.take():
                entry = replace(entry, draft=replace(entry.draft, topic=OTHER_TOPIC))
            return usual(publisher, entry)

        return send

    send_instead(bugged)


@dataclass(slots=True)
class Held:
    """An entry that waits for the next one of its topic to be sent first."""

    send: Callable[[], Delivery]
    sent: list[Delivery] = field(default_factory=list)

    def let_go(self) -> Delivery:
        """Send it now, if it was not."""
        if not self.sent:
            self.sent.append(self.send())
        return self.sent[0]

    def done(self) -> bool:
        """Whether there is an answer."""
        return bool(self.sent) and self.sent[0].done()

    def result(self, timeout_s: float) -> int:
        """The answer, which needs it to be sent."""
        return self.let_go().result(timeout_s)


def swap_sent() -> None:
    """A relay sends two events of a topic in the wrong order."""
    held: list[Held] = []

    def bugged(usual: Send) -> Send:
        def send(publisher: KafkaPublisher, entry: Entry) -> Delivery:
            if stream_of(entry.draft.topic) != STREAM:
                return usual(publisher, entry)
            if not held:
                held.append(Held(lambda: usual(publisher, entry)))
                return held[0]
            delivery = usual(publisher, entry)
            held[0].let_go()
            return delivery

        return send

    send_instead(bugged)


def set_clock(ahead: timedelta) -> None:
    """What asks for the time gets another; whoever imports the clock later imports this one."""
    usual = interfocal.clock.now
    patch.object(interfocal.clock, "now", lambda: usual() + ahead).start()


BUGS = {
    bug.__name__: bug
    for bug in (
        *(drop_sent, swap_sent, wrong_origin_sent),
        *(drop_folded, double_folded, wrong_origin_folded, position_before_effect),
    )
}
if days := os.environ.get("SEEDED_CLOCK"):
    set_clock(timedelta(days=float(days)))
if wanted := os.environ.get("SEEDED_BUG"):
    BUGS[wanted]()
