"""Erases the grants of a trace that this desk has given. It changes with what can be erased.

The erasure is an act of the trace; what follows from it, each place does by itself: tombstones at producer and region,
deletion at the addressee, whose receipt says so.
"""

from collections.abc import Mapping, Sequence

from consumers.desk.known import KnownTrace
from consumers.desk.sealed import given_in, own_keys_in
from interfocal.desk.acts import DeskActs, How
from producers.intake.result import Result
from schemas.errors import Rejected

NOTHING_GIVEN = "nothing_given"


def erase(desk: DeskActs, name: str, hop: int | None, *, own: bool) -> Sequence[Result]:
    """One erasure a hop, of one hop or of all; ``own``: the own desk's keys too, so that nobody opens the parts again.

    Raises Rejected where nothing is given, Misconfigured, StoreAway.
    """
    trace = desk.find(name)
    grants = grants_by_hop(desk, trace, hop, own=own)
    if not grants:
        sentence = f"of trace {trace.key.trace_id} this desk has given no grant that is not erased"
        raise Rejected(sentence, code=NOTHING_GIVEN, parameters={"trace": trace.key.trace_id})
    whole = f"{trace.key.requester}/{trace.key.trace_id}"
    return [desk.say(whole, "erasure", {"grants": list(of)}, How(hop=number)) for number, of in sorted(grants.items())]


def grants_by_hop(desk: DeskActs, trace: KnownTrace, hop: int | None, *, own: bool) -> Mapping[int, Sequence[str]]:
    """The grants to erase; those to the own desk are erased on the last hop, for every hop has had their parts."""
    found: dict[int, list[str]] = {}
    for record, number, _ in desk.read(lambda connection: given_in(connection, trace.key)):
        if hop in (None, number):
            found.setdefault(number, []).append(record)
    if own:
        kept = desk.read(lambda connection: own_keys_in(connection, desk.code, trace.key))
        found.setdefault(hop or trace.last_hop, []).extend(kept)
    return {number: grants for number, grants in found.items() if grants}
