"""Sealed parts as a desk shows them: what its member may open, and why the rest stays closed. Pure.

It changes with what a sealed part holds. Whoever prints this shows it to the person at the desk, and keeps it nowhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from consumers.desk.sealed import Opened

WHY_CLOSED = {
    "not_granted": "no grant of it has reached this desk, or it was erased",
    "no_opening_key": "the key of this desk to which it was granted is not here",
    "grant_wrong_binding": "its grant was made for another event or addressee",
    "sealed_part_not_opened": "its ciphertext is not the one that was granted",
}


def sealed_rows(parts: Iterable[Opened], refused: Sequence[tuple[int, str, str]]) -> dict[str, Any]:
    """The sealed parts of a trace as JSON, and the grants that this desk does not give."""
    return {
        "sealed_parts": [
            {
                "event_id": one.event_id,
                "from": one.member,
                "act": one.act,
                "opened": one.part.model_dump(mode="json", exclude_none=True) if one.part else None,
                "closed_because": one.reason,
            }
            for one in parts
        ],
        "not_granted": [{"hop": hop, "to": addressee, "because": why} for hop, addressee, why in refused],
    }


def sealed_lines(parts: Iterable[Opened], refused: Sequence[tuple[int, str, str]]) -> Iterator[str]:
    """The same for people, a line a field; attachments by what they are."""
    for one in parts:
        yield f"Sealed part of {one.member}'s {one.act} (event {one.event_id})"
        if one.part is None:
            yield f"  closed: {WHY_CLOSED.get(one.reason or '', one.reason)}"
            continue
        part = one.part
        if part.case_details:
            yield f"  case: {part.case_details}"
        for person in part.persons:
            yield f"  person: {_listed(person.model_dump(exclude_none=True))}"
        for contact in part.contacts:
            yield f"  contact: {_listed(contact.model_dump(exclude_none=True))}"
        for file in part.attachments:
            yield f"  attachment: {file.caption}, {file.media_type}, {file.described.size} bytes"
    for hop, addressee, why in refused:
        yield f"Hop {hop}: the key is not given to {addressee} ({why})"


def _listed(fields: dict[str, Any]) -> str:
    return ", ".join(str(value) for value in fields.values())
