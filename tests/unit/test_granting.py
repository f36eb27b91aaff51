"""Whether a desk gives a key, and to which key of its addressee: its own directory decides."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consumers.desk.granting import DueGrant, refusal
from consumers.desk.sealed import HeldGrant
from schemas.directory import Channel, Directory, Member, OpeningKey
from schemas.trust.keys import KeyRing, PublicKey
from schemas.trust.opening import directory_opening_key, opening_key_from_seed, opening_key_of
from sealing import AUD, SEALED_AT_S, YEAR_S, a_key, public

HELD = HeldGrant("RS", "record", "event", "A" * 43, 0, "rs.open.1", "wrapped")
SIGNING, OTHERS = a_key("ba.1", "ba"), a_key("mk.1", "mk")
PRIVATE = opening_key_from_seed(bytes(range(32)))
SPAN = (SEALED_AT_S - YEAR_S, SEALED_AT_S + YEAR_S)
ENTRY = directory_opening_key("ba.open.1", PRIVATE, SPAN, AUD, SIGNING)


def a_directory(*channels: Channel, opening: tuple[OpeningKey, ...] = (ENTRY,)) -> Directory:
    return Directory(
        region=AUD,
        title="Test",
        version=1,
        exercise=True,
        issued_at=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        members=(
            Member(code="RS", name="Asks"),
            Member(code="BA", name="Answers", opening_keys=opening),
            Member(code="UA", name="Looks on", observer=True),
        ),
        channels=channels,
    )


def due(addressee: str = "BA", releasable_to: list[str] | None = None) -> DueGrant:
    return DueGrant(1, addressee, releasable_to, HELD)


def found(opening: tuple[OpeningKey, ...] = (ENTRY,), *keys: PublicKey, at_s: int = SEALED_AT_S) -> str | None:
    """Id of the key to which is granted."""
    ring = KeyRing.of(keys or (public(SIGNING), public(OTHERS)))
    key = opening_key_of(a_directory(opening=opening), ring, "BA", at_s)
    return key[0] if key else None


def test_a_member_with_a_channel_is_given_the_key() -> None:
    assert refusal(a_directory(), "RS", due()) is None
    assert refusal(a_directory(Channel(sender="RS", receiver="BA", channel="relay:seesac")), "RS", due()) is None
    assert refusal(a_directory(), "RS", due(releasable_to=["BA"])) is None


def test_what_the_own_directory_or_handling_forbids_is_refused_whoever_was_named() -> None:
    none = Channel(sender="RS", receiver="BA", channel="none")
    assert refusal(a_directory(none), "RS", due()) == "no_channel"
    assert refusal(a_directory(), "RS", due("ZZ")) == "not_a_member"
    assert refusal(a_directory(), "RS", due("UA")) == "not_a_member"
    assert refusal(a_directory(), "RS", due(releasable_to=["MK"])) == "not_releasable"
    assert refusal(a_directory(), "RS", due(releasable_to=[])) == "not_releasable"


def test_the_channel_counts_from_the_one_who_grants() -> None:
    back = Channel(sender="BA", receiver="RS", channel="none")
    assert refusal(a_directory(back), "RS", due()) is None


def test_a_key_counts_that_its_owners_signing_key_vouches_for() -> None:
    assert found() == "ba.open.1"
    assert found(()) is None
    assert found((ENTRY.model_copy(update={"voucher": ""}),)) is None


def test_nobody_else_puts_a_key_in_a_members_place() -> None:
    """Neither another member nor who keeps the roots: a voucher is of the owner's own signing key."""
    foreign = directory_opening_key("ba.open.2", PRIVATE, SPAN, AUD, OTHERS)
    assert found((foreign,)) is None
    elsewhere = directory_opening_key("ba.open.2", PRIVATE, SPAN, "another", SIGNING)
    assert found((elsewhere,)) is None


@given(st.sampled_from(["kid", "public", "valid_from", "valid_until"]))
def test_a_changed_entry_is_vouched_for_by_nobody(field: str) -> None:
    other = opening_key_from_seed(bytes(range(1, 33)))
    elsewhere = directory_opening_key("ba.open.9", other, (SPAN[0] - 1, SPAN[1] + 1), AUD, SIGNING)
    changed: dict[str, Any] = {field: getattr(elsewhere, field)}
    assert found((ENTRY.model_copy(update=changed),)) is None


def test_a_voucher_of_an_ended_key_does_not_count() -> None:
    ended = replace(public(SIGNING), honest={})
    assert found((ENTRY,), ended) is None


def test_the_newest_key_of_its_time_is_granted_to() -> None:
    later = directory_opening_key("ba.open.2", PRIVATE, (SEALED_AT_S, SPAN[1] + YEAR_S), AUD, SIGNING)
    assert found((ENTRY, later)) == "ba.open.2"
    assert found((ENTRY, later), at_s=SEALED_AT_S - 1) == "ba.open.1"
    assert found((ENTRY,), at_s=SPAN[1]) is None
