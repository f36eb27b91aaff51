"""One check for each thing that a database must hold because of the log. Pure; it changes with the tables.

Every check holds both ways: what must be there is there, and nothing else is.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from consumers.granting.forwarding import FORWARDING
from consumers.tracing.wants import settled_by
from interfocal.ledger.expected import Expected, identity
from interfocal.ledger.log import Problem, TopicLog
from interfocal.ledger.stores import Applied, InboxRow, LineCounts, RegionFacts, StoreFacts
from schemas.events.quarantined import Quarantined
from schemas.topics import HEARTBEAT, REGION, is_compacted, owner_of, stream_of

HEADS = "head"


def check_lines(name: str, held: LineCounts, expected: LineCounts) -> Iterator[Problem]:
    """The dump as it is against the dump as it must be, by table."""
    for code, difference in ((f"{name}_row_missing", expected - held), (f"{name}_row_unexpected", held - expected)):
        tables = Counter[str]()
        for line, times in difference.items():
            tables[line.split('"', 2)[1]] += times
        for table, times in sorted(tables.items()):
            yield Problem(code, f"{table}: {times}")


def check_store(store: StoreFacts, logs: Mapping[str, TopicLog], expected: Expected) -> Iterator[Problem]:
    """Positions stand at the ends, and every record before them is applied or in quarantine."""
    entries = {(entry.topic, entry.offset) for entry in store.quarantined}
    known: set[Applied] = set()
    for topic, log in logs.items():
        position = store.positions.get(topic, 0)
        # Heartbeats and heads come at any time, and are not kept; a grant that is erased stays until it is compacted.
        if stream_of(topic) in {HEARTBEAT, HEADS} or is_compacted(topic):
            known |= {identity(event) for event in log.events} | {a for a in store.applied if a[0] == topic}
            continue
        if position != log.end:
            yield Problem("position_not_at_end", f"{topic}: {position} of {log.end}")
        places: dict[Applied, list[int]] = {}
        for event in log.events:
            places.setdefault(identity(event), []).append(event.record.offset)
        known |= places.keys()
        yield from check_applied(store, places, expected.set_aside)
        for offset in [*log.foreign, *(fault.record.offset for fault in log.unusable)]:
            if (topic, offset) not in entries:
                yield Problem("not_in_quarantine", f"{topic} {offset}")
    for topic, event_id, _ in sorted(store.applied.keys() - known):
        yield Problem("applied_but_not_on_log", f"{topic} {event_id}")
    for topic, offset in sorted(entries):
        if topic not in logs or not (0 <= offset < logs[topic].end or stream_of(topic) in {HEARTBEAT, HEADS}):
            yield Problem("quarantined_but_not_on_log", f"{topic} {offset}")


def check_told(store: StoreFacts, logs: Mapping[str, TopicLog]) -> Iterator[Problem]:
    """Of every entry that belongs to a member its sender was told, and of nothing else."""
    told = {(e.topic, e.offset) for log in logs.values() for c in log.events if isinstance(e := c.event, Quarantined)}
    owned = {(e.topic, e.offset) for e in store.quarantined if e.event_id and owner_of(e.topic) != REGION}
    for topic, offset in sorted(owned - told):
        yield Problem("quarantine_not_told", f"{topic} {offset}")
    known = store.released | {(entry.topic, entry.offset) for entry in store.quarantined}
    for topic, offset in sorted(told - known):
        yield Problem("told_but_not_quarantined", f"{topic} {offset}")


def check_applied(
    store: StoreFacts, places: Mapping[Applied, Sequence[int]], aside: frozenset[Applied]
) -> Iterator[Problem]:
    """Each whole event (with the offsets where it lies) is applied, or is set aside and in quarantine: one of both."""
    entries = {(entry.topic, entry.offset) for entry in store.quarantined}
    for event, offsets in places.items():
        where = f"{event[0]} {offsets[0]}"
        if event not in aside:
            if event not in store.applied:
                yield Problem("not_applied", where)
            continue
        if event in store.applied:
            yield Problem("applied_but_set_aside", where)
        if not any((event[0], offset) in entries for offset in offsets):
            yield Problem("not_in_quarantine", where)


def check_decisions(region: RegionFacts, expected: Expected) -> Iterator[Problem]:
    """What was decided is on the log, what is on the log counts as decided, and nothing waits for a decision."""
    told = {decision.event_id for decision in expected.decisions}
    for decision_id in sorted(set(region.decided.values()) - told):
        yield Problem("decision_not_on_log", decision_id)
    settled = {want: decision.event_id for decision in expected.decisions if (want := settled_by(decision))}
    for want in sorted(settled.keys() - region.decided.keys()):
        yield Problem("decided_row_missing", settled[want])
    for want in sorted(region.decided.keys() - settled.keys()):
        if region.decided[want] in told:  # it would keep somebody from ever deciding this
            yield Problem("decided_row_unexpected", region.decided[want])
    for want in expected.undecided:
        yield Problem("not_decided", f"{want.kind} of {want.subject}, hop {want.hop}")
    for receipt in sorted(expected.unforwarded):
        yield Problem("receipt_not_forwarded", receipt)
    for topic, event_id, _ in sorted(expected.receipts - region.receipts):
        yield Problem("receipt_row_missing", f"{topic} {event_id}")
    for topic, event_id, _ in sorted(region.receipts - expected.receipts):
        yield Problem("receipt_row_unexpected", f"{topic} {event_id}")


def check_inbox(code: str, inbox: Sequence[InboxRow], expected: Mapping[str, str]) -> Iterator[Problem]:
    """Every delivery on an inbox topic whose original holds is one inbox row, as the delivery makes it."""
    held = Counter(row.delivery for row in inbox)
    lines = {row.delivery: row.line for row in inbox}
    for delivery in sorted(expected.keys() - held.keys()):
        yield Problem("inbox_row_missing", f"{code} {delivery}")
    for delivery, times in sorted(held.items()):
        if delivery not in expected or times > 1:
            yield Problem("inbox_row_unexpected", f"{code} {delivery}")
        elif lines[delivery] != expected[delivery]:
            yield Problem("inbox_row_altered", f"{code} {delivery}")


def check_deliveries(logs: Mapping[str, TopicLog], expected: Expected) -> Iterator[Problem]:
    """What decisions list is on its inbox topic, and nothing else is."""
    sent = {
        event.event.event_id
        for topic, log in logs.items()
        if stream_of(topic) == "inbox" and owner_of(topic) == REGION
        for event in log.events
    }
    sent_on = (decision for decision in expected.decisions if decision.kind != FORWARDING)  # a grant may be erased
    planned = {delivery.event_id for decision in sent_on for delivery in decision.deliveries}
    yield from (Problem("delivery_missing", event_id) for event_id in sorted(planned - sent))
    yield from (Problem("delivery_unexpected", event_id) for event_id in sorted(sent - planned))
