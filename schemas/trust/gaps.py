"""Which numbers of a chain are missing. It changes when a chain is counted in another way.

A gap is an alarm that names numbers. It is never a reason to quarantine a validly sealed event.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.trust.seal import Seal, SealClaims


@dataclass(frozen=True, slots=True)
class Gap:
    """The numbers ``first`` to ``last`` (both missing) of one life of one chain."""

    topic: str
    chain: str
    life: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ChainPosition:
    """The highest number seen of one chain, for a reader that goes along its topic."""

    topic: str
    chain: str
    life: int
    seq: int


def advance(at: ChainPosition | None, claims: SealClaims) -> tuple[ChainPosition, tuple[Gap, ...]]:
    """The position after one more seal of a chain, and what was jumped over to get there (``None``: nothing yet).

    A repeat, or a number that comes late, moves nothing. Whoever counts lives that began here also learns what the
    life before had reached without its being seen (``after``).
    """
    reached = ChainPosition(claims.topic, claims.chain, claims.life, claims.seq)
    if at is not None and (claims.life, claims.seq) <= (at.life, at.seq):
        return at, ()
    gaps = []
    seen_life, seen_seq = (at.life, at.seq) if at is not None else (claims.life, 0)
    if claims.after is not None:
        life, last = claims.after
        before = seen_seq if at is not None and life == at.life else 0
        gaps.append(Gap(claims.topic, claims.chain, life, before + 1, last))
    before = seen_seq if claims.life == seen_life else 0
    gaps.append(Gap(claims.topic, claims.chain, claims.life, before + 1, claims.seq - 1))
    return reached, tuple(gap for gap in gaps if gap.first <= gap.last)


def chain_gaps(seals: Iterable[Seal], *, from_lowest: bool = False) -> list[Gap]:
    """Every missing number of the chains of these seals, in any order and with repeats.

    Each life is counted from 1 to the highest number that is there or that a later life's ``after`` names. With
    ``from_lowest`` (topics with retention) a chain is counted from its lowest number on the log.
    """
    seen: dict[tuple[str, str], set[tuple[int, int]]] = {}
    named: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for seal in seals:
        claims = seal.claims
        chain = (claims.topic, claims.chain)
        seen.setdefault(chain, set()).add((claims.life, claims.seq))
        if claims.after is not None:
            named.setdefault(chain, set()).add(claims.after)
    gaps: list[Gap] = []
    for chain, numbers in sorted(seen.items()):
        floor = min(numbers) if from_lowest else (0, 0)
        ends = {(life, seq + 1) for life, seq in named.get(chain, set()) if (life, seq) >= floor}
        gaps.extend(_holes(chain, numbers, ends, floor))
    return gaps


def _holes(
    chain: tuple[str, str], numbers: set[tuple[int, int]], ends: set[tuple[int, int]], floor: tuple[int, int]
) -> Iterable[Gap]:
    """The jumps between neighbouring numbers of one chain; an end is where the numbers before it must have reached."""
    life, following = floor
    for number in sorted(numbers | ends):
        if number[0] != life:
            life, following = number[0], 1
        if number[1] > following:
            yield Gap(*chain, life, following, number[1] - 1)
        following = number[1] + (number in numbers)
