"""The handling of what is derived from several records. Pure. It changes when a record may ask for more.

Codes are united, ``releasable_to`` is intersected, the latest embargo and the earliest expiry hold; each keeps its
originator. What each originator asks for stays apart inside, for nothing that it asks for binds itself.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from schemas.events.envelope import Handling

UNASSESSED = ("X", "4")
SEVERAL_TEXTS = "contact_originator_first"
"""Which code of ``h3-text`` stands for several: the strictest, and the one that leads to all the others."""


@dataclass(frozen=True, slots=True)
class Stated:
    """The handling of one record, and the member whose record it is."""

    originator: str
    handling: Handling


@dataclass(frozen=True, slots=True)
class Demands:
    """What one originator asks of whoever holds something made of its records; None asks for nothing."""

    codes: frozenset[str] = frozenset()
    h3_texts: frozenset[str] = frozenset()
    releasable_to: frozenset[str] | None = None
    embargo_until: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A value, and the originators to whom it is owed, in alphabetical order."""

    value: str
    originators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwedInstant:
    """An instant, and the originators to whom it is owed."""

    at: datetime
    originators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Combined:
    """What all originators ask for together; equal for equal sets of sources, in any order and repetition."""

    demands: tuple[tuple[str, Demands], ...] = ()

    @property
    def codes(self) -> tuple[Owed, ...]:
        """The union of the handling codes."""
        return self._union(lambda demand: demand.codes)

    @property
    def h3_texts(self) -> tuple[Owed, ...]:
        """Every text that H3 stands for."""
        return self._union(lambda demand: demand.h3_texts)

    @property
    def releasable_to(self) -> frozenset[str] | None:
        """Members that every source may be shown to, its originator among them; None: every member."""
        narrowed = [demand.releasable_to | {of} for of, demand in self.demands if demand.releasable_to is not None]
        return frozenset.intersection(*narrowed) if narrowed else None

    @property
    def narrowed_by(self) -> tuple[str, ...]:
        """The originators that leave a member out."""
        return tuple(of for of, demand in self.demands if demand.releasable_to is not None)

    @property
    def embargo(self) -> OwedInstant | None:
        """The latest end of an embargo."""
        found = [(demand.embargo_until, of) for of, demand in self.demands if demand.embargo_until is not None]
        return _owed(max(at for at, _ in found), found) if found else None

    @property
    def expiry(self) -> OwedInstant | None:
        """The earliest expiry."""
        found = [(demand.expires_at, of) for of, demand in self.demands if demand.expires_at is not None]
        return _owed(min(at for at, _ in found), found) if found else None

    def hides_from(self, reader: str, at: datetime) -> bool:
        """Whether a reader may not see, at a moment, what the sources make: as soon as it may not see one of them."""
        return any(of != reader and _hides(demand, reader, at) for of, demand in self.demands)

    def _union(self, of: Callable[[Demands], frozenset[str]]) -> tuple[Owed, ...]:
        values = sorted({value for _, demand in self.demands for value in of(demand)})
        return tuple(Owed(value, tuple(who for who, d in self.demands if value in of(d))) for value in values)


def combined(sources: Iterable[Stated]) -> Combined:
    """What is owed for something that is made of all these records."""
    return reduce(joined, (_alone(source) for source in sources), Combined())


def joined(one: Combined, other: Combined) -> Combined:
    """What is owed for both: commutative, associative, idempotent, and never wider than either."""
    mine, theirs = dict(one.demands), dict(other.demands)
    both = {of: _both(mine.get(of, Demands()), theirs.get(of, Demands())) for of in mine.keys() | theirs.keys()}
    return Combined(tuple(sorted(both.items(), key=lambda owed: owed[0])))


def flattened(sources: Iterable[Stated]) -> Handling:
    """The same as one handling, for an event that is made of these records: what it loses is only whose each is.

    Reliability is kept where all sources agree. Of several H3 texts the strictest stands for all.
    """
    stated = tuple(sources)
    whole = combined(stated)
    reliability = {(source.handling.source, source.handling.information) for source in stated}
    source, information = reliability.pop() if len(reliability) == 1 else UNASSESSED
    texts = [text.value for text in whole.h3_texts]
    return Handling(
        codes=tuple(code.value for code in whole.codes),
        h3_code=SEVERAL_TEXTS if len(texts) > 1 else next(iter(texts), None),
        source=source,
        information=information,
        releasable_to=None if whole.releasable_to is None else tuple(sorted(whole.releasable_to)),
        embargo_until=whole.embargo.at if whole.embargo else None,
        expires_at=whole.expiry.at if whole.expiry else None,
    )


def _alone(source: Stated) -> Combined:
    handling = source.handling
    demand = Demands(
        codes=frozenset(handling.codes),
        h3_texts=frozenset(filter(None, [handling.h3_code])),
        releasable_to=None if handling.releasable_to is None else frozenset(handling.releasable_to),
        embargo_until=handling.embargo_until,
        expires_at=handling.expires_at,
    )
    return Combined(((source.originator, demand),))


def _both(one: Demands, other: Demands) -> Demands:
    lists = [demand.releasable_to for demand in (one, other) if demand.releasable_to is not None]
    return Demands(
        codes=one.codes | other.codes,
        h3_texts=one.h3_texts | other.h3_texts,
        releasable_to=frozenset.intersection(*lists) if lists else None,
        embargo_until=max(_given(one.embargo_until, other.embargo_until), default=None),
        expires_at=min(_given(one.expires_at, other.expires_at), default=None),
    )


def _given(*instants: datetime | None) -> Iterator[datetime]:
    return (instant for instant in instants if instant is not None)


def _hides(demand: Demands, reader: str, at: datetime) -> bool:
    left_out = demand.releasable_to is not None and reader not in demand.releasable_to
    embargoed = demand.embargo_until is not None and at < demand.embargo_until
    expired = demand.expires_at is not None and at >= demand.expires_at
    return left_out or embargoed or expired


def _owed(at: datetime, found: Iterable[tuple[datetime, str]]) -> OwedInstant:
    return OwedInstant(at, tuple(of for instant, of in found if instant == at))
