"""What a person at a focal point's desk does in a trace: looks it up, opens it, and sends acts.

It changes with what a desk can do. Every act goes through the member's own intake; what that has accepted is kept in
the desk's database.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from psycopg import Connection

from consumers.desk.inbox import SubmittedAct, inbox_of, keep_submissions, submissions_of, traces_named
from consumers.desk.known import REQUEST, KnownTrace, known_traces
from consumers.desk.standpoint import Standpoint, standpoint
from consumers.store.connection import connector
from consumers.store.session import Session
from consumers.tracing.trace import TraceKey
from interfocal.clock import now, random_bytes
from interfocal.installation.installation import Installation
from interfocal.member.intake import intake_of
from producers.intake.result import Result
from producers.mapping.shape import SEALED_PART
from producers.ways_in.python_call import Exchange
from schemas.errors import Rejected, StoreAway

MOST_TRACES = 1000
REFERENCE_BYTES = 6
HANDLING: Mapping[str, Any] = {"codes": ["H0"]}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class How:
    """What is said beside an act's part: own reference, handling, what is to be sealed, and the hop where not the own.

    The same reference again says the same act again, which has no effect.
    """

    reference: str | None = None
    handling: Mapping[str, Any] | None = None
    sealed_part: Mapping[str, Any] | None = None
    hop: int | None = None


def reference_for(member: str) -> str:
    """An own reference for an act that was given none: ``XX-20260301-5f3a9c21d0b4``."""
    return f"{member}-{now():%Y%m%d}-{random_bytes(REFERENCE_BYTES).hex()}"


@dataclass(frozen=True, slots=True)
class DeskActs:
    """The desk of one member. Every call opens what it needs, and closes it.

    All raise StoreAway when database or intake is away, and Misconfigured when ``member`` is none.
    """

    installation: Installation
    member: str
    intake: Callable[[Path, str], Exchange] = intake_of

    @property
    def code(self) -> str:
        """The member's code."""
        return self.installation.directory.member(self.member).code

    def read(self, work: Callable[[Connection[Any]], T]) -> T:
        """Run ``work`` in a transaction on the desk's database."""
        owner = self.installation.directory.member(self.member).owner
        with closing(Session(connector(self.installation.desk_url(self.code), f"desk.{owner}"))) as session:
            return session.transact(work)

    def traces(self, name: str = "", *, limit: int = MOST_TRACES) -> Sequence[KnownTrace]:
        """Traces by id, its beginning, ``XX/`` and either, or the asker's reference; all for "". The newest first."""
        return self.read(lambda connection: _known(connection, self.code, name, limit))

    def find(self, name: str) -> KnownTrace:
        """The one trace with this name; raises Rejected (``unknown_trace``) where it is none, or several."""
        found = self.traces(name, limit=3)
        if len(found) == 1:
            return found[0]
        sentence = f"several traces are called {name}: name one by its whole id, as XX/id where two askers share it"
        if not found:
            sentence = f"no trace {name} has reached the desk of {self.code}, or was opened here"
        raise Rejected(sentence, code="unknown_trace", parameters={"trace": name})

    def open(self, record: Mapping[str, Any]) -> Result:
        """Submit a harmonised request, and keep it when it is accepted.

        What may be left out: ``act``, ``handling``, and the reference (one of ``national_id`` and ``own_reference``
        stands for both).
        """
        national_id = record.get("national_id") or record.get("own_reference") or reference_for(self.code)
        own_reference = record.get("own_reference") or national_id
        given = {"national_id": national_id, "own_reference": own_reference}
        whole = {"act": REQUEST, "handling": HANDLING, **record, **given}
        if whole["act"] != REQUEST:
            raise Rejected(f"a trace is opened by a request, and the record's act is {whole['act']}")
        return self._submitted(whole, None)

    def act(
        self,
        trace_id: str,
        act: str,
        part: Mapping[str, Any],
        reference: str | None = None,
        handling: Mapping[str, Any] | None = None,
    ) -> Result:
        """Submit an act of a trace that the desk knows, and keep it when it is accepted.

        ``trace_id``: as ``find``; ``act``: a code of ``trace-act``, ``part``: its part. The same reference again says
        the same act again, which has no effect. Raises Rejected before anything is sent where the act is not this
        member's to send, or answers nothing.
        """
        return self.say(trace_id, act, part, How(reference, handling))

    def say(self, trace_id: str, act: str, part: Mapping[str, Any], how: How) -> Result:
        """As ``act``, with all that may be said beside the part."""
        trace = self.find(trace_id)
        own = how.reference or reference_for(self.code)
        place = self._said_before(trace, act, own) or standpoint(trace, act)
        place = replace(place, hop=how.hop) if how.hop else place
        record = {
            "national_id": own,
            "own_reference": own,
            "handling": dict(how.handling or HANDLING),
            **({SEALED_PART: dict(how.sealed_part)} if how.sealed_part else {}),
            "act": act,
            "requester": place.requester,
            "trace_id": place.trace_id,
            "hop": place.hop,
            "cause": place.cause,
            act: dict(part),
        }
        return self._submitted(record, place)

    def _said_before(self, trace: KnownTrace, act: str, reference: str) -> Standpoint | None:
        """Where an act with this reference was, so that saying it again is a repeat whatever came since."""
        sent = self.read(lambda connection: submissions_of(connection, [trace.key]))
        same = [one for one in sent if (one.own_reference, one.act) == (reference, act) and one.cause]
        return next((Standpoint(one.requester, one.trace_id, one.hop, one.cause or "") for one in same), None)

    def _submitted(self, record: Mapping[str, Any], place: Standpoint | None) -> Result:
        with self.intake(self.installation.var, self.code) as exchange:
            (answer,) = exchange.submit("trace", [record])
        if answer.event_id and answer.trace_id:
            self._keep(sent_act(self.code, record, place, answer))
        return answer

    def _keep(self, sent: SubmittedAct) -> None:
        try:
            self.read(lambda connection: keep_submissions(connection, [sent]))
        except StoreAway as error:
            raise StoreAway(
                f"intake has accepted {sent.act} {sent.own_reference} as event {sent.event_id}, but the desk's database"
                f" does not answer; say it again with --reference {sent.own_reference} when it does"
            ) from error


def sent_act(code: str, record: Mapping[str, Any], place: Standpoint | None, answer: Result) -> SubmittedAct:
    """An accepted act as the desk keeps it: without its sealed part, which lies in no database in the clear."""
    return SubmittedAct(
        own_reference=str(record["national_id"]),
        act=str(record["act"]),
        requester=place.requester if place else code,
        trace_id=str(answer.trace_id),
        hop=place.hop if place else 1,
        cause=place.cause if place else None,
        event_id=str(answer.event_id),
        submitted_at=now(),
        body={name: value for name, value in record.items() if name != SEALED_PART},
    )


def _known(connection: Connection[Any], member: str, name: str, limit: int) -> list[KnownTrace]:
    keys: Sequence[TraceKey] = traces_named(connection, name, limit=limit)
    known = known_traces(member, inbox_of(connection, keys), submissions_of(connection, keys))
    return [known[key] for key in keys]
