"""Rows with one record key are one record, wherever they stand in the file. It changes with how rows are one."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from producers.mapping.mapping import MEMBER_PLACEHOLDER, NationalMapping
from producers.mapping.national import NationalRecord, NationalRow, folded, text_of, value_at

KEY_SEPARATOR = "|"


def group(mapping: NationalMapping, member: str, rows: Iterable[NationalRow]) -> tuple[NationalRecord, ...]:
    """Records in the order of their first rows. A row without a key is a record of its own, without an id.

    Rows that the mapping leaves out for this member are left out. All rows are held in memory.
    """
    grouped: dict[str, list[NationalRow]] = {}
    for row in rows:
        if row.problems or is_wanted(mapping, member, row):
            key = national_id(mapping, row)
            # Blanks stand at the end of no key, so that a row without one never joins another.
            grouped.setdefault(key or f"{row.number} ", []).append(row)
    return tuple(NationalRecord("" if key.endswith(" ") else key, tuple(members)) for key, members in grouped.items())


def national_id(mapping: NationalMapping, row: NationalRow) -> str:
    """The record's key as a row gives it; empty when a column of it is."""
    parts = [_text(row, column) for column in mapping.record.key]
    if len(parts) > 1:  # doubled inside a part, so that two keys never run into one
        parts = [part.replace(KEY_SEPARATOR, KEY_SEPARATOR * 2) for part in parts]
    return KEY_SEPARATOR.join(parts) if all(parts) else ""


def is_wanted(mapping: NationalMapping, member: str, row: NationalRow) -> bool:
    """Whether the mapping's ``only`` lets the row through."""
    return all(
        folded(_text(row, column)) in {folded(member if one == MEMBER_PLACEHOLDER else one) for one in wanted}
        for column, wanted in mapping.record.only.items()
    )


def bulks(records: Iterable[NationalRecord], rows: int) -> Iterator[tuple[NationalRecord, ...]]:
    """Records in bulks of about so many rows; a record is never divided."""
    bulk: list[NationalRecord] = []
    held = 0
    for record in records:
        if bulk and held + len(record.rows) > rows:
            yield tuple(bulk)
            bulk, held = [], 0
        bulk.append(record)
        held += len(record.rows)
    if bulk:
        yield tuple(bulk)


def renumbered(rows: Iterable[NationalRow]) -> Iterator[NationalRow]:
    """Rows numbered 1, 2, 3 ... where their way in gave no number."""
    return (row if row.number else replace(row, number=place) for place, row in enumerate(rows, start=1))


def _text(row: NationalRow, column: str) -> str:
    try:
        return text_of(value_at(row.fields, column))
    except TypeError:
        return ""
