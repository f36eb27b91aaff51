"""Where each chain stands as a reader goes along its topic, and the numbers that it lacks. It changes with gaps.

A gap is an alarm and never a reason to quarantine. A number that comes late closes its gap.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import Connection

from consumers.store.many import write_many
from schemas.topics import is_compacted, is_short_lived
from schemas.trust.gaps import ChainPosition, Gap, advance
from schemas.trust.seal import SealClaims

Chain = tuple[str, str]
"""Topic and writer."""

Number = tuple[int, int]
"""Life and number in it."""


def follow(transaction: Connection[Any], claims: Sequence[SealClaims]) -> Sequence[Gap]:
    """Go on along the chains of these validly sealed records, in log order; the gaps that were found, also kept.

    The caller holds the positions of all topics locked. Topics with retention are counted from their first number here.
    """
    claims = [one for one in claims if not is_compacted(one.topic)]  # what was erased there leaves gaps
    if not claims:
        return ()
    known = _positions(transaction, sorted({(one.topic, one.chain) for one in claims}))
    reached, found, late = _followed(known, claims)
    _write_positions(transaction, {chain: at for chain, at in reached.items() if known.get(chain) != at})
    note(transaction, found)
    for one in late:
        _close(transaction, one)
    return found


def acknowledge(transaction: Connection[Any], gap: Gap, by: str, because: str) -> bool:
    """Note that a person knows of a gap; False when there is no such gap, or somebody did before."""
    result = transaction.execute(
        "update chain_gap set acknowledged_by = %s, because = %s where topic = %s and chain = %s and life = %s"
        " and first_seq = %s and last_seq = %s and acknowledged_by is null",
        [by, because, gap.topic, gap.chain, gap.life, gap.first, gap.last],
    )
    return result.rowcount == 1


def gaps(connection: Connection[Any], *, acknowledged: bool) -> Sequence[Gap]:
    """Every gap that a person has acknowledged, or that nobody has, in order."""
    rows = connection.execute(
        "select topic, chain, life, first_seq, last_seq from chain_gap where (acknowledged_by is not null) = %s"
        " order by topic, chain, life, first_seq",
        [acknowledged],
    )
    return [Gap(*row) for row in rows]


def note(transaction: Connection[Any], found: Sequence[Gap]) -> None:
    """Keep gaps, each once."""
    write_many(
        transaction,
        "insert into chain_gap (topic, chain, life, first_seq, last_seq) values (%s, %s, %s, %s, %s)"
        " on conflict do nothing",
        [(gap.topic, gap.chain, gap.life, gap.first, gap.last) for gap in found],
    )


def _followed(
    known: Mapping[Chain, ChainPosition], claims: Iterable[SealClaims]
) -> tuple[Mapping[Chain, ChainPosition], list[Gap], list[SealClaims]]:
    reached = dict(known)
    jumped: list[Gap] = []
    late: list[SealClaims] = []
    for one in claims:
        chain = (one.topic, one.chain)
        at = reached.get(chain)
        if at is None and is_short_lived(one.topic):
            reached[chain] = ChainPosition(one.topic, one.chain, one.life, one.seq)
            continue
        position, found = advance(at, one)
        if position == at:
            late.append(one)
        reached[chain] = position
        jumped += found
    return reached, jumped, late


def _positions(transaction: Connection[Any], chains: Sequence[Chain]) -> dict[Chain, ChainPosition]:
    rows = transaction.execute(
        "select topic, chain, life, seq from chain_position"
        " where (topic, chain) in (select * from unnest(%s::text[], %s::text[]))",
        [[topic for topic, _ in chains], [chain for _, chain in chains]],
    )
    return {(row[0], row[1]): ChainPosition(*row) for row in rows}


def _write_positions(transaction: Connection[Any], reached: Mapping[Chain, ChainPosition]) -> None:
    write_many(
        transaction,
        "insert into chain_position (topic, chain, life, seq) values (%s, %s, %s, %s)"
        " on conflict (topic, chain) do update set life = excluded.life, seq = excluded.seq",
        [(at.topic, at.chain, at.life, at.seq) for at in reached.values()],
    )


def _close(transaction: Connection[Any], late: SealClaims) -> None:
    """Take a number that came late out of its gap; a repeat is in none."""
    row = transaction.execute(
        "delete from chain_gap where topic = %s and chain = %s and life = %s and %s between first_seq and last_seq"
        " returning first_seq, last_seq",
        [late.topic, late.chain, late.life, late.seq],
    ).fetchone()
    if row is None:
        return
    left = ((row[0], late.seq - 1), (late.seq + 1, row[1]))
    note(transaction, [Gap(late.topic, late.chain, late.life, *span) for span in left if span[0] <= span[1]])
