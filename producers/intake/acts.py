"""Who may say what in a trace, as far as one member's intake can know. It changes with the acts of a trace.

The region and the addressee's desk judge the rest: they see the hop and its accountable member.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from producers.intake.sameness import ONCE_ONLY
from schemas.rejection import Problem, problem

REQUEST = "request"
FIRST_HOP = 1
ACTS_OF_THE_ASKER = frozenset({REQUEST, "information", "clarification", "closure", "reopening"})
"""Acts that only the member may send that asked; the others are for whoever is accountable."""


def act_problems(stream: str, raw: Mapping[str, Any], member: str) -> Iterator[Problem]:
    """What is wrong with an act's place in its trace; nothing for other streams."""
    if stream in ONCE_ONLY and raw.get("status") != "active":
        detail = "what was said in a trace is never retracted; only active is usable"
        yield problem("malformed_value", field="status", value=str(raw.get("status")), detail=detail)
    act = raw.get("act")
    if stream != "trace" or not isinstance(act, str):
        return
    if act == REQUEST:
        yield from _request_problems(raw)
    elif raw.get("cause") is None:
        yield problem("missing_cause", act=act, field="cause")
    if act in ACTS_OF_THE_ASKER and raw.get("requester") not in {None, member}:
        yield problem("wrong_party", act=act, party="asker", member=member, field="requester")


def needs_own_trace(raw: Mapping[str, Any]) -> bool:
    """Whether an act is about a trace that this member has to have opened itself."""
    return raw.get("act") in ACTS_OF_THE_ASKER - {REQUEST}


def _request_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    given = {"trace_id": raw.get("record_id"), "hop": FIRST_HOP, "cause": None}
    for name, right in given.items():
        if raw.get(name) != right:
            detail = "intake gives it to a request; leave it out"
            yield problem("malformed_value", field=name, value=str(raw.get(name)), detail=detail)
