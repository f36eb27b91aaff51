"""Counts an installation afresh: every outbox, every topic from offset 0, every database. It changes with the proof."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import quantiles
from typing import Any

from consumers.source import Broker, KafkaTopicReader
from consumers.tracing.trace import Trace
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from interfocal.ledger.expected import expect
from interfocal.ledger.log import OF_CHAINS, read_log
from interfocal.ledger.stores import InboxRow, StoreFacts, open_store, read_desk, read_outbox, read_region
from interfocal.ledger.verdict import Balance, Counted, balance
from interfocal.wiring.loops import terms_of
from interfocal.wiring.region import region_topics, sending_topics
from producers.outbox import open_read_only
from schemas.rights import OPERATOR
from schemas.topics import RECORD_STREAMS, REGION, owner_of, stream_of

PERCENTILES = 100
SHOWN_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Proof:
    """What was counted, and what follows from it."""

    counted: Counted
    balance: Balance
    rejected: int


def verify(installation: Installation) -> Proof:
    """Read everything and settle the accounts; raises BrokerAway or StoreAway."""
    terms = terms_of(installation)
    topics = sorted({*region_topics(installation), *sending_topics(installation)})
    outboxes = {o: read_outbox(installation.places.outbox(o)) for o in installation.owners_here}
    reader = KafkaTopicReader(Broker(access_of(installation, OPERATOR), "ledger", installation.prefix))
    try:
        logs = read_log(reader, topics, terms)
    finally:
        reader.close()
    with open_store(installation.region_url) as connection:
        region = read_region(connection)
    desks = {}
    for code, url in installation.desk_urls.items():
        with open_store(url) as connection:
            desks[code] = read_desk(connection)
    stores = (region.store, *(of_the_region(desk.store) for desk in desks.values()))
    counted = Counted(outboxes, logs, expect(logs, stores, terms), region, desks)
    return Proof(counted, balance(counted), count_rejected(installation))


def of_the_region(store: StoreFacts) -> StoreFacts:
    """What a desk's database says of what the region sent: of its member's own events the region's database decides."""
    return replace(
        store,
        applied={event: taken_s for event, taken_s in store.applied.items() if owner_of(event[0]) == REGION},
        quarantined=[entry for entry in store.quarantined if owner_of(entry.topic) == REGION],
    )


def count_rejected(installation: Installation) -> int:
    """Records that intakes hold as rejected."""
    total = 0
    for owner in installation.owners_here:
        outbox = open_read_only(installation.places.outbox(owner))
        try:
            total += int(outbox.shared.rows("select count(*) from rejected where closed_at is null")[0][0])
        finally:
            outbox.close()
    return total


def report(proof: Proof) -> dict[str, Any]:
    """The proof as JSON."""
    told = proof.balance
    return {
        "holds": told.holds,
        "accepted": told.accepted,
        "rejected": proof.rejected,
        "published": told.published,
        "in_view": told.in_view,
        "quarantined": told.quarantined,
        "waiting": told.waiting,
        "foreign": told.foreign,
        "lost": list(told.lost),
        "doubled": list(told.doubled),
        "ledger": chains(proof),
        "traces": traces(proof.counted),
        "latency_ms": latencies(proof.counted),
        "problems": [{"code": p.code, "where": p.where} for p in told.problems[:SHOWN_PROBLEMS]],
    }


def chains(proof: Proof) -> dict[str, int]:
    """Chains whose every link was followed, a chain being one life of an owner on a topic, and gaps found in them."""
    events = (checked for log in proof.counted.logs.values() for checked in log.events)
    found = {(checked.record.topic, checked.claims.chain, checked.claims.life) for checked in events}
    return {"chains": len(found), "gaps": sum(problem.code == OF_CHAINS for problem in proof.balance.problems)}


def traces(counted: Counted) -> dict[str, int]:
    """Requests that count, and those that are in the inbox that has to act on them; the others wait for a person."""
    opened = [trace for trace in counted.expected.traces if trace.request is not None]
    inboxes = {(code, row.decision_id) for code, desk in counted.desks.items() for row in desk.inbox if is_to_act(row)}
    return {"opened": len(opened), "delivered": sum(is_delivered(trace, inboxes) for trace in opened)}


def is_to_act(row: InboxRow) -> bool:
    """Whether a delivery makes its addressee accountable."""
    return row.purpose == "accountable"


def is_delivered(trace: Trace, inboxes: set[tuple[str, str]]) -> bool:
    """Whether the first hop's request reached its accountable member, or the asker's bureau that takes it on."""
    hop = trace.hop(1)
    if hop is None or hop.decision is None:
        return False
    handed_over = hop.decision.handed_over
    code = handed_over.bureau_of if handed_over else hop.accountable
    return code is not None and (code, hop.decision.event_id) in inboxes


def latencies(counted: Counted) -> dict[str, dict[str, float]]:
    """From the broker's clock to the view, and from the request's acceptance to the accountable inbox."""
    folds = [
        s * 1000 for (topic, _, _), s in counted.region.store.applied.items() if stream_of(topic) in RECORD_STREAMS
    ]
    requests = {trace.key.request_id for trace in counted.expected.traces}
    inbox = [r.latency_ms for d in counted.desks.values() for r in d.inbox if is_to_act(r) and r.of_event in requests]
    return {"publish_to_view": percentiles(folds), "request_to_inbox": percentiles(inbox)}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """The 50th and the 99th, in the unit of the values; zero without values."""
    if len(values) < 2:  # noqa: PLR2004  # quantiles need two
        return dict.fromkeys(("p50", "p99"), round(max(values, default=0.0), 1))
    cuts = quantiles(values, n=PERCENTILES, method="inclusive")
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}
