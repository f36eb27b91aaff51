"""``interfocal quarantine retry``, ``discard``, ``confirm``: what persons decide. It changes with what they may.

The region's quarantine is decided about by decisions, which the loop folds; a desk's own by its own people, at once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from consumers.audit import log as audit
from consumers.audit.log import Deed, append
from consumers.folding import Rules
from consumers.quarantine.deciding import (
    ALONE,
    Because,
    Desk,
    Kind,
    check_reason,
    confirm,
    decide_about,
    propose,
    settle_at_desk,
)
from consumers.quarantine.entries import QuarantineEntry, Wanted
from consumers.store.session import Session
from interfocal.audit.acting import OPERATION, Said
from interfocal.clock import now
from interfocal.commands.quarantine_chosen import AtDesk, Place, chosen, opened
from interfocal.commands.submit import HERE, Var
from interfocal.installation.installation import Installation, open_installation
from interfocal.quarantine.trying import USED, try_out
from interfocal.wiring.desks import desk_handlers
from interfocal.wiring.loops import terms_of
from interfocal.wiring.region import handlers
from schemas.directory import check_in_force
from schemas.errors import Misconfigured, Rejected
from schemas.events.decision import Decision
from schemas.steps import not_watched

MOST = 100_000
ALTERATION = "quarantine"

Numbers = Annotated[list[int] | None, typer.Argument(metavar="[ENTRY]...", help="Numbers in the list.")]
Member = Annotated[str | None, typer.Option("--member", help="All of this member; - for foreign bytes.")]
Stream = Annotated[str | None, typer.Option("--stream", help="All of this stream.")]
Reason = Annotated[str | None, typer.Option("--reason", help="All with this reason.")]
By = Annotated[str, typer.Option("--by", help="Your own mark, no name.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be, and change nothing.")]
Proposal = Annotated[int, typer.Argument(help="The number that discard has printed.")]


@dataclass(frozen=True, slots=True)
class Choice:
    """The quarantine, and which entries of it: by number, or all that fit."""

    place: Place
    wanted: Wanted

    @property
    def installation(self) -> Installation:
        """Whose quarantine it is."""
        return self.place.installation

    def entries(self, session: Session) -> Sequence[QuarantineEntry]:
        """The entries; raises Misconfigured when none is named and nothing narrows the list."""
        if self.wanted == Wanted():
            raise Misconfigured("name entries by number, or narrow them with --member, --stream or --reason")
        return chosen(session, self.installation, self.wanted, MOST)


def retry_entries(
    because: Annotated[str, typer.Option("--because", help="Why, as a code of the list settling-reason.")],
    by: By,
    numbers: Numbers = None,
    member: Member = None,
    stream: Stream = None,
    reason: Reason = None,
    desk: AtDesk = None,
    dry_run: DryRun = False,
    var: Var = HERE,
) -> None:
    """Release entries: the loop tries each again, and what it finds is its end or its new reason."""
    choice = _choice(var, desk, Wanted(member, stream, reason, numbers=tuple(numbers) if numbers else None))
    with opened(choice.place) as session:
        entries = choice.entries(session)
        if dry_run:
            _try_out(session, choice, entries)
            return
        _settle(session, choice, "release", entries, Because(by, because))
    typer.echo(f"{len(entries)} entries are released; the loop tries them now.")


def discard_entries(
    because: Annotated[str, typer.Option("--because", help="Why, as a code of the list settling-reason.")],
    by: By,
    numbers: Numbers = None,
    member: Member = None,
    stream: Stream = None,
    reason: Reason = None,
    desk: AtDesk = None,
    dry_run: DryRun = False,
    var: Var = HERE,
) -> None:
    """Discard entries, which are then never used; of several at once a second person has to `confirm` it."""
    choice = _choice(var, desk, Wanted(member, stream, reason, numbers=tuple(numbers) if numbers else None))
    with opened(choice.place) as session:
        entries = choice.entries(session)
        if dry_run:
            _count(entries)
            return
        if len(entries) > ALONE and desk is None:
            number = session.transact(lambda open_: _propose(open_, choice, entries, Because(by, because)))
            typer.echo(f"{len(entries)} entries are proposed to be discarded. Another person says:")
            typer.echo(f"interfocal quarantine confirm {number} --by MARK")
            return
        _settle(session, choice, "discard", entries, Because(by, because))
    typer.echo(f"{len(entries)} entries are discarded.")


def confirm_discard(proposal: Proposal, by: By, var: Var = HERE) -> None:
    """Confirm as a second person that the entries of a proposal are discarded."""
    installation = open_installation(var)
    with opened(Place(installation)) as session:
        decisions = session.transact(lambda open_: _confirm(open_, installation, proposal, by))
    typer.echo(f"{len(decisions)} entries are discarded.")


def _propose(open_: Connection[Any], choice: Choice, entries: Sequence[QuarantineEntry], because: Because) -> int:
    number = propose(open_, entries, because)
    _log(open_, choice.place, because.by, {"proposal": number, "entries": len(entries), "because": because.reason})
    return number


def _confirm(open_: Connection[Any], installation: Installation, proposal: int, by: str) -> list[Decision]:
    decisions = confirm(open_, _desk(installation), proposal, by)
    _log(open_, Place(installation), by, {"confirmed": proposal, "discard": [one.subject for one in decisions]})
    return decisions


def _choice(var: Path, desk: str | None, wanted: Wanted) -> Choice:
    return Choice(Place(open_installation(var), desk), wanted)


def _settle(session: Session, choice: Choice, kind: Kind, entries: Sequence[QuarantineEntry], because: Because) -> None:
    """By decisions in the region; at a desk at once, and of discards one by one."""
    place, at_desk = choice.place, choice.place.desk is not None
    if at_desk:
        check_reason(because.reason)
    if at_desk and kind == "discard" and len(entries) > ALONE:
        raise Rejected("at a desk entries are discarded one by one")

    def settle(open_: Connection[Any]) -> None:
        if at_desk:
            settle_at_desk(open_, kind, entries, because)
        else:
            decide_about(open_, _desk(choice.installation), kind, entries, because)
        records = [[entry.faulty.record.topic, entry.faulty.record.offset] for entry in entries]
        _log(open_, place, because.by, {kind: records, "because": because.reason})

    session.transact(settle)


def _log(transaction: Connection[Any], place: Place, by: str, what: Mapping[str, Any]) -> None:
    """The alteration, in the transaction that makes it."""
    acting = Said(by, OPERATION, ALTERATION).acting(place.installation.directory, place.desk)
    append(transaction, acting, Deed(audit.Kind.ALTERATION, what))


def _desk(installation: Installation) -> Desk:
    check_in_force(installation.directory, now())
    directory = installation.directory
    return Desk(directory.region, directory.version, directory.exercise, now)


def _try_out(session: Session, choice: Choice, entries: Sequence[QuarantineEntry]) -> None:
    terms, limit = terms_of(choice.installation), choice.installation.settings.loop.quarantine_limit
    own = desk_handlers(choice.installation, choice.place.desk) if choice.place.desk else handlers(limit)
    found = try_out(session, entries, terms, Rules(own, limit, not_watched))
    for number, said in found.items():
        typer.echo(f"{number}: {said}")
    used = sum(said == USED for said in found.values())
    typer.echo(f"{used} of {len(found)} would be used (dry run: nothing was changed).")


def _count(entries: Sequence[QuarantineEntry]) -> None:
    for (topic, why), count in sorted(Counter((e.faulty.record.topic, e.faulty.reason) for e in entries).items()):
        typer.echo(f"{count:>6}  {topic}  {why}")
    typer.echo(f"{len(entries)} entries would be discarded (dry run: nothing was changed).")
