"""Which rule shows or hides a record, and each of its fields, to a member. Pure. It changes when a rule is added.

A record's open part is shown whole or not at all, but for ``OWNER_FIELDS`` and ``SEALED_FIELDS``. ``RULES`` is a
table: the first row that applies decides.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from schemas.events.envelope import Event, Handling, MemberEvent
from schemas.events.ids import term_id
from schemas.handling.combined import Stated
from schemas.wire.codec import event_json

EMBARGO_END = "embargo_end"
EXPIRY = "expiry"
TERM_KINDS = (EMBARGO_END, EXPIRY)
"""Kinds of decision by which a term of a record's handling is ended."""

RELATED_RECORD = "related_record"
"""All that may be said of a record that a reader may not see: that there is one, and whose focal point to ask."""


class Rule(StrEnum):
    """Why something is shown, or not."""

    OWN_RECORD = "own_record"
    EMBARGOED = "embargoed"
    EXPIRED = "expired"
    NOT_RELEASABLE = "not_releasable"
    RELEASED_TO_ALL = "released_to_all"
    RELEASED_TO_MEMBER = "released_to_member"
    OWNER_ONLY = "owner_only"
    SEALED = "sealed"
    WITHHELD = "withheld"
    NO_VALUE = "no_value"


@dataclass(frozen=True, slots=True)
class Terms:
    """What has become of the terms of a record's handling; of one without terms both are of no account."""

    embargo_over: bool = False
    expired: bool = False


Applies = Callable[[Stated, str, Terms], bool]

RULES: Mapping[Rule, Applies] = MappingProxyType(
    {
        Rule.OWN_RECORD: lambda stated, reader, _terms: stated.originator == reader,
        Rule.EMBARGOED: lambda stated, _reader, terms: _embargoed(stated.handling, terms),
        Rule.EXPIRED: lambda stated, _reader, terms: _expired(stated.handling, terms),
        Rule.NOT_RELEASABLE: lambda stated, reader, _terms: not releases(stated.handling, reader),
        Rule.RELEASED_TO_ALL: lambda stated, _reader, _terms: stated.handling.releasable_to is None,
        Rule.RELEASED_TO_MEMBER: lambda _stated, _reader, _terms: True,
    }
)
"""Rules about a whole record, in the order in which they are looked at."""

SHOWING = frozenset({Rule.OWN_RECORD, Rule.RELEASED_TO_ALL, Rule.RELEASED_TO_MEMBER, Rule.NO_VALUE})
"""Rules under which nothing is kept back."""

SILENT = frozenset({Rule.EMBARGOED, Rule.EXPIRED})
"""Rules under which not even ``related_record`` is said."""

OWNER_FIELDS = frozenset({"source"})
"""What rebuilds the owner's own index, and says nothing to anybody else."""

SEALED_FIELDS = frozenset({"sealed"})
"""What only its addressees' desks can open."""

MEANINGS: Mapping[Rule, str] = MappingProxyType(
    {
        Rule.OWN_RECORD: "The record is the reader's own.",
        Rule.EMBARGOED: "The record is embargoed, and the end of its embargo is not decided: nothing is said of it.",
        Rule.EXPIRED: "The record's expiry has come: nothing is said of it any more.",
        Rule.NOT_RELEASABLE: "The originator does not release it to the reader: told is only that there is a record.",
        Rule.RELEASED_TO_ALL: "The originator releases the record to every member.",
        Rule.RELEASED_TO_MEMBER: "The originator releases the record to the reader by name.",
        Rule.OWNER_ONLY: "The field is for its owner's own index; others are shown it only within a delivery's bytes.",
        Rule.SEALED: "The part is sealed: only its addressees' desks can open it.",
        Rule.WITHHELD: "The originator withholds the value.",
        Rule.NO_VALUE: "The record has no value there.",
    }
)


@dataclass(frozen=True, slots=True)
class FieldShown:
    """One field of the open part: by which rule, and by whose handling, a reader is shown it or not."""

    path: str
    rule: Rule
    originator: str

    @property
    def shown(self) -> bool:
        """Whether nothing is kept back."""
        return self.rule in SHOWING


def releases(handling: Handling, reader: str) -> bool:
    """Whether an originator releases a record to a member at all, whatever the time."""
    return handling.releasable_to is None or reader in handling.releasable_to


def terms_at(handling: Handling, at: datetime) -> Terms:
    """The terms as whoever decides something at a moment finds them."""
    return Terms(
        embargo_over=handling.embargo_until is None or handling.embargo_until <= at,
        expired=handling.expires_at is not None and handling.expires_at <= at,
    )


def terms_decided(event: Event, ended: frozenset[str], at: datetime) -> Terms:
    """The terms as whoever reads finds them; ``ended`` are the ids of the terms whose end is decided.

    An embargo ends by decision only. An expiry that has come hides a record before anybody has decided it, too.
    """
    until, expires_at = event.handling.embargo_until, event.handling.expires_at
    return Terms(
        embargo_over=until is None or term_id(event.event_id, EMBARGO_END, until) in ended,
        expired=expires_at is not None and (expires_at <= at or term_id(event.event_id, EXPIRY, expires_at) in ended),
    )


def rule_for(stated: Stated, reader: str, terms: Terms) -> Rule:
    """The rule that decides whether a member is shown a record."""
    return next(rule for rule, applies in RULES.items() if applies(stated, reader, terms))


def shows(stated: Stated, reader: str, terms: Terms) -> bool:
    """Whether a member is shown a record."""
    return rule_for(stated, reader, terms) in SHOWING


def shown_fields(event: MemberEvent, reader: str, terms: Terms) -> tuple[FieldShown, ...]:
    """Every field of an event's open part, in the contract's order, and the rule that shows or hides it."""
    of = event.member
    rule = rule_for(Stated(of, event.handling), reader, terms)
    withheld = {absent.field for absent in event.absent if absent.reason == "withheld"}
    fields = leaves(event_json(event))
    if rule not in SHOWING:
        return tuple(FieldShown(path, rule, of) for path, _ in fields)
    own = of == reader
    return tuple(
        FieldShown(path, _field_rule(path, own=own) or _no_value(path, value, withheld) or rule, of)
        for path, value in fields
    )


def redacted(event: MemberEvent, reader: str, terms: Terms) -> dict[str, Any] | None:
    """The open part as a member is shown it, in its JSON form; None where the record is hidden.

    Of a sealed part nothing is left.
    """
    if not shows(Stated(event.member, event.handling), reader, terms):
        return None
    hidden = SEALED_FIELDS if reader == event.member else SEALED_FIELDS | OWNER_FIELDS
    return {name: value for name, value in event_json(event).items() if name not in hidden}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a JSON value with its path, as ``items[0].firearm.marks.model``; an empty list is a leaf."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for at, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{at}]")
    else:
        yield path, value


def _field_rule(path: str, *, own: bool) -> Rule | None:
    """The rule of a field that has one of its own."""
    top = path.partition(".")[0].partition("[")[0]
    if top in SEALED_FIELDS and path != top:
        return Rule.SEALED
    return Rule.OWNER_ONLY if top in OWNER_FIELDS and not own else None


def _no_value(path: str, value: Any, withheld: Collection[str]) -> Rule | None:
    if value is not None:
        return None
    return Rule.WITHHELD if path in withheld else Rule.NO_VALUE


def _embargoed(handling: Handling, terms: Terms) -> bool:
    return handling.embargo_until is not None and not terms.embargo_over


def _expired(handling: Handling, terms: Terms) -> bool:
    return handling.expires_at is not None and terms.expired
