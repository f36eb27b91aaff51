"""Requests that come at a rate, whether or not those before them are through. It changes with the path of an act."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from bench.figures import Figures, share
from interfocal.member.intake import accepted_id, intake_of
from running import Exchange
from story import ASKED, ASKER, a_firearm, a_request

RATES = (5, 20, 50)
LASTS_S = 10
BULKS_A_SECOND = 5
LIMIT_S = 300.0
COLUMNS = (
    *("requests a second", "ours: half ms", "95 % ms", "longest ms", "all in inboxes after s"),
    *("bare: half ms", "95 % ms", "bare / ours"),
)
NOTE = (
    f"Requests of {LASTS_S} s each, {BULKS_A_SECOND} bulks a second. Ours: from the answer of intake until the row is"
    " written at the desk asked; receipts go on meanwhile. Bare: two hops and two commits at the same pace, singly."
)
ARRIVED = "select of_event, extract(epoch from received_at)::float8 from inbox where of_event = any(%s)"


def table(ours: Sequence[tuple[list[float], float]], hops: Sequence[list[float]]) -> Figures:
    """Both sides, rate by rate."""
    rows = [
        (
            *(rate, *(share(path, part) * 1000 for part in (0.5, 0.95, 1.0)), all_s),
            *(share(hop, 0.5) * 1000, share(hop, 0.95) * 1000, share(hop, 0.5) / share(path, 0.5)),
        )
        for rate, (path, all_s), hop in zip(RATES, ours, hops, strict=True)
    ]
    return Figures("Latency at a rate", COLUMNS, rows, NOTE)


def requests_at(running: Exchange, desk: psycopg.Connection[Any], rate: int) -> tuple[list[float], float]:
    """Seconds from acceptance to the inbox for each request, and from the first request until all are there."""
    began, accepted = time.time(), dict[str, float]()
    with intake_of(running.installation.var, ASKER) as intake:
        for bulk in paced(BULKS_A_SECOND):
            names = [f"R{rate}-{bulk}-{number}" for number in range(rate // BULKS_A_SECOND)]
            results = intake.submit("trace", [a_request(name, a_firearm(f"{name}N"), ASKED) for name in names])
            accepted |= dict.fromkeys(map(accepted_id, results), time.time())
    arrived = in_inbox(desk, list(accepted))
    return [arrived[event] - accepted_s for event, accepted_s in accepted.items()], max(arrived.values()) - began


def in_inbox(desk: psycopg.Connection[Any], events: list[str]) -> dict[str, float]:
    """When each event came into the inbox, once all have."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        arrived = dict(desk.execute(ARRIVED, [events]).fetchall())
        if len(arrived) == len(events):
            return arrived
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(events) - len(arrived)} requests did not come within {LIMIT_S:.0f} s")
        time.sleep(0.1)


def hops_at(through: Callable[[], float], rate: int) -> list[float]:
    """Seconds over both hops for each record of the same time, at this rate or as fast as one after the other goes."""
    return [through() for _ in paced(rate)]


def paced(a_second: int) -> Iterator[int]:
    """Numbers, so many a second."""
    began = time.perf_counter()
    for number in range(LASTS_S * a_second):
        time.sleep(max(began + number / a_second - time.perf_counter(), 0.0))
        yield number
