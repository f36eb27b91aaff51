"""The verdict on a run with a fault in it: by the ledger, as a process of its own, and by the raw logs."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from interfocal.installation.installation import Installation
from interfocal.wiring.region import region_topics, sending_topics
from raw_log import check_order
from running import Exchange, interfocal

LIMIT_S = 600.0  # for a log of tens of thousands of events, on a machine that has much else to do


def ledger_of(installation: Installation) -> tuple[int, dict[str, Any]]:
    """Exit code and report of ``interfocal ledger verify``."""
    ended = interfocal("ledger", "verify", "--json", "--var", str(installation.var), limit_s=LIMIT_S)
    assert ended.stdout, ended.stderr
    return ended.returncode, json.loads(ended.stdout)


def raw_order(installation: Installation) -> Counter[str]:
    """Check the order of every topic as it lies on the brokers; records and events on them."""
    topics = {*region_topics(installation), *sending_topics(installation)}
    return check_order(installation.bootstrap, [installation.prefix + topic for topic in sorted(topics)])


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run with these accepted events has left that should not be: by the ledger, and on the raw logs."""

    told: Mapping[str, Any]
    ledger: Sequence[str]
    raw_log: Sequence[str]
    records: Counter[str] = field(default_factory=Counter)


def findings(installation: Installation, events: Sequence[str]) -> Findings:
    """Count afresh; two ways that know nothing of each other."""
    code, told = ledger_of(installation)
    ledger = [f"lost {one}" for one in told["lost"]] + [f"doubled {one}" for one in told["doubled"]]
    ledger += [f"{one['code']} {one['where']}" for one in told["problems"]]
    if not told["accepted"] == told["in_view"] == len(events) == len(set(events)):
        ledger.append(f"{len(events)} accepted: {told['accepted']} in outboxes, {told['in_view']} in the view")
    if told["traces"]["delivered"] != told["traces"]["opened"]:
        ledger.append(f"undelivered {told['traces']}")
    if code != (0 if told["holds"] else 1):
        ledger.append(f"exit code {code}")
    try:
        return Findings(told, ledger, [], raw_order(installation))
    except AssertionError as error:
        return Findings(told, ledger, [str(error)])


def check_held(exchange: Exchange, events: Sequence[str]) -> str:
    """At rest, with every process still running, all that was accepted is there, once and in order; the figures."""
    names = set(exchange.processes)
    exchange.drain(LIMIT_S)
    assert exchange.running() == names
    found = findings(exchange.installation, events)
    assert (found.ledger, found.raw_log) == ([], [])
    told, raw = found.told, found.records
    return (
        f"{told['accepted']} events accepted; {raw['events']} on the log,"
        f" {raw['records'] - raw['events']} of them repeated;"
        f" publish to view p50 {told['latency_ms']['publish_to_view']['p50']} ms"
    )
