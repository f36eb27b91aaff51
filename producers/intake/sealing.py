"""Seals what only addressees may read, and grants the key to the member's own desk. It changes with what is sealed.

The content key is in no file of the intake: only the grant has it, encrypted to the desk.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from pydantic import ValidationError

from producers.intake.assemble import Identity, digest_of
from producers.mapping.harmonise import UNTOLD
from producers.mapping.shape import SEALED_PART, STREAMS_WITH_SEALED_PART, show_path
from producers.mapping.values import nearest
from schemas.codes.lists import CodeList
from schemas.events.envelope import Handling, MemberEvent, Provenance
from schemas.events.grant import Grant
from schemas.events.ids import event_id, record_id
from schemas.events.sealed_part import SealedPart, part_bytes
from schemas.events.types import coded_values
from schemas.rejection import Problem, problem
from schemas.topics import GRANT
from schemas.trust.sealed_parts import (
    CONTENT_KEY_BYTES,
    GRANT_SUITE,
    Place,
    Terms,
    ciphertext_sha256,
    seal_part,
    wrap,
)

OWN_DESK = 0
"""The hop of a member's grant to its own desk."""


@dataclass(frozen=True, slots=True)
class PartSealing:
    """How one member's intake seals in the region ``region``.

    ``random_bytes`` gives unpredictable bytes, ``own_desk`` id and public half of the desk's opening key now, or None.
    """

    region: str
    random_bytes: Callable[[int], bytes]
    own_desk: Callable[[], tuple[str, X25519PublicKey] | None]


@dataclass(frozen=True, slots=True)
class Content:
    """The sealed part of a submitted record as its model, or what is wrong with it."""

    part: SealedPart | None = None
    problems: tuple[Problem, ...] = ()


def content_of(stream: str, fields: Mapping[str, Any], code_lists: Mapping[str, CodeList]) -> Content:
    """The sealed part of a record; a problem never quotes it, for problems are shown and kept.

    Its codes are checked like those of the open part, which shows what a file is called.
    """
    given = fields.get(SEALED_PART)
    if given is None:
        return Content()
    if stream not in STREAMS_WITH_SEALED_PART:
        return Content(problems=(problem("unknown_field", field=SEALED_PART),))
    try:
        part = SealedPart.model_validate(_as_tuples(given), strict=True)
    except ValidationError as error:
        return Content(problems=tuple(_problems(error)))
    return Content(part, tuple(_unknown_codes(part, code_lists)))


def sealed(
    event: MemberEvent, part: SealedPart, sealing: PartSealing | None, identity: Identity
) -> tuple[MemberEvent, Grant] | None:
    """The event with its part sealed, and the grant to the own desk; None where nobody could open it."""
    own_desk = sealing.own_desk() if sealing else None
    if sealing is None or own_desk is None:
        return None
    kid, public = own_desk
    content_key = sealing.random_bytes(CONTENT_KEY_BYTES)
    place = Place(sealing.region, event.member, event.event_id)
    box = seal_part(part_bytes(part), place, content_key)
    terms = Terms(place, ciphertext_sha256(box), OWN_DESK, event.member, kid)
    attachments = tuple(one.described for one in part.attachments)
    whole = event.model_copy(update={"sealed": box, "attachments": attachments})
    return whole, _own_grant(whole, terms, wrap(content_key, terms, public), identity)


def _own_grant(event: MemberEvent, terms: Terms, wrapped: str, identity: Identity) -> Grant:
    name = f"{event.event_id}:{terms.hop}:{terms.addressee}"
    record = record_id(identity.id_key, GRANT, name)
    return Grant(
        event_id=event_id(record, 1),
        record_id=record,
        revision=1,
        member=event.member,
        recorded_at=event.recorded_at,
        status="active",
        exercise=event.exercise,
        handling=Handling(),
        source=Provenance(mapping="intake", mapping_version=1, content=digest_of(identity, name)),
        of_event=event.event_id,
        ciphertext_sha256=terms.ciphertext_sha256,
        hop=terms.hop,
        addressee=terms.addressee,
        opening_key=terms.opening_key,
        suite=GRANT_SUITE,
        wrapped=wrapped,
    )


def _problems(error: ValidationError) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        path = show_path([SEALED_PART, *found["loc"]])
        if found["type"] == "missing":
            yield problem("missing_field", field=path)
        elif found["type"] == "extra_forbidden":
            yield problem("unknown_field", field=path)
        else:
            yield problem("malformed_value", field=path, value=UNTOLD, detail=found["msg"])


def _unknown_codes(part: SealedPart, code_lists: Mapping[str, CodeList]) -> Iterator[Problem]:
    for path, listed, code in coded_values(part):
        codes = code_lists[listed].codes
        if code not in codes:
            field = f"{SEALED_PART}.{path}"
            yield problem("unknown_code", field=field, value=UNTOLD, list=listed, nearest=nearest(code, codes))


def _as_tuples(value: Any) -> Any:
    """JSON arrays as the tuples that models hold."""
    if isinstance(value, Mapping):
        return {name: _as_tuples(inner) for name, inner in value.items()}
    return tuple(_as_tuples(inner) for inner in value) if isinstance(value, list) else value
