"""Two instances each of the region's process and of the desks', beside one producer, and how they are started."""

from collections.abc import Mapping

from running import DESKS, PRODUCER, REGION, Exchange

FIRST, SECOND = (f"{REGION}-a", f"{DESKS}-a"), (f"{REGION}-b", f"{DESKS}-b")
CONSUMERS = (*FIRST, *SECOND)
INSTANCES = (PRODUCER, *CONSUMERS)


def start_in_turn(exchange: Exchange, environments: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Start the first of each kind before the second, so that the first has the lease, and topics."""
    own = environments or {}
    for names in ((PRODUCER, *FIRST), SECOND):
        exchange.start_at_once({name: own.get(name, {}) for name in names})
