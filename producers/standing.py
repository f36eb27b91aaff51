"""Which topics of an outbox stand, because Kafka takes nothing on them, and which of several is to blame.

It changes when a topic can stand for another reason. A topic that stands costs the others nothing: their rows go on.
After a while it is tried again, alone: nobody has to say that it was mended.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from schemas.errors import TopicStands
from schemas.record import Entry

MISSING = "topic_missing"


class Listener(Protocol):
    """Who is told which topics stand."""

    def stands(self, topic: str, error: TopicStands) -> None:
        """Nothing is sent on this topic from now on."""

    def flows(self, topic: str) -> None:
        """It takes records again."""


class Standing:
    """One relay's; ``stand_s`` is how long a topic stands before it is tried again."""

    def __init__(self, listener: Listener, now: Callable[[], datetime], stand_s: float) -> None:
        self._listener = listener
        self._now = now
        self._stand_s = stand_s
        self._since: dict[str, datetime] = {}
        self._told: dict[str, str] = {}
        self._alone: list[str] = []

    @property
    def topics(self) -> frozenset[str]:
        """Topics on which nothing is sent now."""
        return frozenset(self._since)

    def is_due(self) -> bool:
        """Whether a topic has stood for long enough. A clock that was set back makes it so too."""
        return any(not self._is_young(since) for since in self._since.values())

    def looked(self, missing: Collection[str]) -> None:
        """The cluster was asked: these topics are not there. What else stood for long enough is tried again, alone."""
        for topic in missing:
            self._stand(topic, _is_missing(topic))
        for topic, since in list(self._since.items()):
            if topic in missing or self._is_young(since):
                continue
            del self._since[topic]
            if self._told[topic] == MISSING:
                self._flow(topic)
            elif topic not in self._alone:
                self._alone.append(topic)

    def refused(self, error: TopicStands, sent: Sequence[Entry]) -> None:
        """Kafka refused something of what was sent. Of one topic, it stands; of several, each is tried alone.

        The client answers all that is on its way with the error of the one.
        """
        topics = list(dict.fromkeys(entry.draft.topic for entry in sent)) or [error.parameters["topic"]]
        if len(topics) == 1:
            self._stand(topics[0], error)
        else:
            self._alone += [topic for topic in topics if topic not in self._alone]

    def chosen(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Those to send now: all, or those of the first topic that has to be tried alone."""
        while self._alone:
            own = [entry for entry in entries if entry.draft.topic == self._alone[0]]
            if own:
                return own
            self._flow(self._alone.pop(0))
        return entries

    def taken(self, entries: Sequence[Entry]) -> None:
        """Kafka has acknowledged all of these."""
        if self._alone and entries[0].draft.topic == self._alone[0]:
            self._flow(self._alone.pop(0))

    def _stand(self, topic: str, error: TopicStands) -> None:
        self._since[topic] = self._now()
        if topic in self._alone:
            self._alone.remove(topic)
        if self._told.get(topic) != error.code:
            self._told[topic] = error.code
            self._listener.stands(topic, error)

    def _flow(self, topic: str) -> None:
        if self._told.pop(topic, None):
            self._listener.flows(topic)

    def _is_young(self, since: datetime) -> bool:
        return 0 <= (self._now() - since).total_seconds() < self._stand_s


def _is_missing(topic: str) -> TopicStands:
    return TopicStands(
        f"{topic} is not there, or may not be seen by this user: `interfocal provision apply` makes it",
        code=MISSING,
        parameters={"topic": topic},
    )
