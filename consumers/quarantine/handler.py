"""Folds what persons decided about the quarantine: releases and discards. It changes with what they may decide."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, Handler, SetAside
from consumers.quarantine import settling
from consumers.quarantine.entries import Faulty, PostgresQuarantine, Verdict
from consumers.quarantine.settling import Place
from consumers.store import events as applied
from schemas.events.decision import Decision
from schemas.topics import stream_of

STREAMS = frozenset({"decision"})


@dataclass(frozen=True, slots=True)
class SettlingHandler:
    """``handlers`` are those whose effects a discard may have to take back; ``limit`` is that of the quarantine."""

    handlers: Sequence[Handler]
    limit: int

    @property
    def streams(self) -> frozenset[str]:
        """The region's decisions."""
        return STREAMS

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """What the handlers need to take back discarded records that were used here."""
        used = applied.at(transaction, [place for place, _ in discards(events)])
        return {key for handler in self.handlers for key in handler.bucket_keys(transaction, share_of(handler, used))}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Mark what is released, for the loop to try; settle what is discarded, and take it back where it was used."""
        for place, by in releases(events):
            settling.release(transaction, place, by)
        for place, by in discards(events):
            self._take_back(transaction, place)
            settling.discard(transaction, place, by)
        topics = sorted({place[0] for place, _ in discards(events)})
        settling.let_flow_again(transaction, PostgresQuarantine(transaction).waiting(topics), self.limit)
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Nothing: what was settled stays settled."""

    def _take_back(self, transaction: Connection[Any], place: Place) -> None:
        used = applied.at(transaction, [place])
        for handler in self.handlers:
            if own := share_of(handler, used):
                handler.take_back(transaction, own)
        if used:
            applied.remove(transaction, used)
            PostgresQuarantine(transaction).put([_entry_of(checked) for checked in used])


def _entry_of(checked: CheckedEvent) -> Faulty:
    ids = (checked.event.event_id, checked.event.member)
    return Faulty(checked.record, Verdict.UNUSABLE, settling.DISCARDED, {}, *ids, checked.claims)


def releases(events: Sequence[CheckedEvent]) -> list[tuple[Place, str]]:
    """Where records stand that are to be tried again, with the decision's id."""
    decisions = [checked.event for checked in events if isinstance(checked.event, Decision)]
    return [((d.release.topic, d.release.offset), d.event_id) for d in decisions if d.release]


def discards(events: Sequence[CheckedEvent]) -> list[tuple[Place, str]]:
    """Where records stand that are never to be used, with the decision's id."""
    decisions = [checked.event for checked in events if isinstance(checked.event, Decision)]
    return [((d.discard.topic, d.discard.offset), d.event_id) for d in decisions if d.discard]


def share_of(handler: Handler, events: Sequence[CheckedEvent]) -> list[CheckedEvent]:
    """Those of a handler's streams."""
    return [checked for checked in events if stream_of(checked.record.topic) in handler.streams]
