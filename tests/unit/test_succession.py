from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.directory import DIRECTORY_TYPE, Directory, Ending, Key, LastHonest, Member
from schemas.errors import NotTaken, Unsealed
from schemas.topics import REGION
from schemas.trust.documents import countersign, sign_document
from schemas.trust.keys import SigningKey, directory_key, key_ring, thumbprint
from schemas.trust.succession import Taken, Trust, confirmed, payload_sha256, take
from schemas.trust.vouching import is_vouched, vouch
from sealing import AUD, SEALED_AT, SEALED_AT_S, YEAR_S, a_key, public

ROOT, OTHER_ROOT = a_key("root-1", "root"), a_key("root-2", "root")
RS_1, RS_2, RS_3, MK_1, REGION_1 = (
    a_key("rs.1"),
    a_key("rs.2"),
    a_key("rs.3"),
    a_key("mk.1", "mk"),
    a_key("region.1", REGION),
)


def entry(key: SigningKey, **changes: Any) -> Key:
    return directory_key(public(key)).model_copy(update=changes)


def vouched(key: SigningKey, by: SigningKey, **changes: Any) -> Key:
    return vouch(AUD, key.owner, entry(key, **changes), by)


def member(*keys: Key, code: str = "RS", **changes: Any) -> Member:
    return Member(code=code, name="A member", id_key_check="check", keys=keys).model_copy(update=changes)


def directory(*members: Member, version: int = 1, **changes: Any) -> Directory:
    return Directory(
        region=AUD,
        title="A region",
        version=version,
        exercise=True,
        issued_at=SEALED_AT,
        expires_at=SEALED_AT + timedelta(days=365),
        members=members or (member(entry(RS_1)), member(entry(MK_1), code="MK")),
        region_keys=(entry(REGION_1),),
    ).model_copy(update=changes)


def payload(of: Directory) -> bytes:
    return of.model_dump_json().encode()


def signed(of: Directory, *roots: SigningKey) -> bytes:
    first, *others = roots or (ROOT,)
    document = sign_document(payload(of), DIRECTORY_TYPE, first)
    for root in others:
        document = countersign(document, DIRECTORY_TYPE, root)
    return document


def following(before: Directory, **changes: Any) -> Directory:
    update = {"version": before.version + 1, "previous_sha256": payload_sha256(payload(before)), **changes}
    return before.model_copy(update=update)


FIRST = directory()
TRUST = Trust(AUD, frozenset({thumbprint(ROOT.raw_public)}))
AT_FIRST = take(TRUST, None, signed(FIRST))


def taken_after_first(of: Directory, *roots: SigningKey) -> Taken:
    return take(AT_FIRST.trust, AT_FIRST.directory, signed(of, *roots))


def refused(of: Directory, *roots: SigningKey) -> str:
    with pytest.raises((NotTaken, Unsealed)) as caught:
        taken_after_first(of, *roots)
    return caught.value.code


def test_a_version_that_follows_is_taken_and_the_same_again_changes_nothing() -> None:
    second = following(FIRST, title="Another title")
    taken = taken_after_first(second)
    assert taken.directory == second
    assert (taken.trust.version, taken.trust.sha256) == (2, payload_sha256(payload(second)))
    assert take(taken.trust, taken.directory, signed(second)) == taken


def test_a_lower_version_another_of_the_same_number_and_one_that_does_not_follow_are_refused() -> None:
    second = following(FIRST)
    taken = taken_after_first(second)
    for old in (FIRST, FIRST.model_copy(update={"title": "Old"})):
        with pytest.raises(NotTaken) as caught:
            take(taken.trust, taken.directory, signed(old))
        assert caught.value.code == "directory_rollback"
    assert refused(FIRST.model_copy(update={"title": "Two of one number"})) == "directory_fork"
    assert refused(following(FIRST, previous_sha256=None)) == "directory_broken"
    assert refused(following(directory(title="Another first"))) == "directory_broken"


def test_a_version_that_the_broker_withheld_does_not_stop_the_next_one() -> None:
    third = following(following(FIRST), title="The third")
    assert taken_after_first(third).trust.version == 3


def test_only_what_trusted_roots_signed_for_this_region_is_taken() -> None:
    assert refused(following(FIRST), OTHER_ROOT) == "unknown_root"
    assert refused(following(FIRST, region="another-region")) == "directory_other_region"
    no_directory = sign_document(b"{}", DIRECTORY_TYPE, ROOT)
    with pytest.raises(NotTaken) as caught:
        take(TRUST, None, no_directory)
    assert caught.value.code == "directory_malformed"


def test_two_keys_under_one_id_or_a_key_that_is_none_are_no_directory() -> None:
    twice = (member(entry(RS_1)), member(entry(a_key("rs.1", "mk")), code="MK"))
    bad = (member(entry(RS_1, public="A" * 43)), member(entry(MK_1), code="MK"))
    assert refused(following(FIRST, members=twice)) == "directory_malformed"
    assert refused(following(FIRST, members=bad)) == "directory_malformed"


ROOT_2 = thumbprint(OTHER_ROOT.raw_public)


def test_new_roots_need_the_signatures_of_old_and_new() -> None:
    moved = following(FIRST, roots=(ROOT_2,))
    assert refused(moved, ROOT) == "unknown_root"
    assert refused(moved, OTHER_ROOT) == "unknown_root"
    taken = taken_after_first(moved, ROOT, OTHER_ROOT)
    assert taken.trust.roots == {ROOT_2}
    third = following(moved)
    assert take(taken.trust, moved, signed(third, OTHER_ROOT)).directory == third
    with pytest.raises(Unsealed):
        take(taken.trust, moved, signed(third, ROOT))


def test_a_threshold_of_roots_is_kept_from_the_version_on_that_names_it() -> None:
    both = (thumbprint(ROOT.raw_public), ROOT_2)
    moved = following(FIRST, roots=both, root_threshold=2)
    assert refused(moved, ROOT) == "too_few_roots"
    taken = taken_after_first(moved, ROOT, OTHER_ROOT)
    with pytest.raises(Unsealed) as caught:
        take(taken.trust, moved, signed(following(moved), ROOT))
    assert caught.value.code == "too_few_roots"


def with_keys(*keys: Key) -> Directory:
    return following(FIRST, members=(member(*keys), FIRST.members[1]))


@pytest.mark.parametrize(
    "changed",
    [
        following(FIRST, members=FIRST.members[:1]),
        following(FIRST, members=(member(entry(RS_1), id_key_check="another"), FIRST.members[1])),
        following(FIRST, exercise=False),
        with_keys(),
        with_keys(vouched(RS_2, RS_1)),
        with_keys(entry(RS_1, public=entry(RS_2).public)),
        with_keys(entry(RS_1, valid_from=SEALED_AT_S)),
        with_keys(entry(RS_1, valid_until=SEALED_AT_S - 1)),
        following(FIRST, region_keys=()),
    ],
)
def test_what_was_relied_on_is_never_taken_back(changed: Directory) -> None:
    assert refused(changed) == "directory_forgets"


def test_a_keys_time_may_be_cut_short_from_now_on_and_its_end_is_for_good() -> None:
    ended = Ending(at=SEALED_AT, because="stolen", honest=(LastHonest(topic="rs.seizure", life=1, seq=3, hash="h"),))
    second = with_keys(entry(RS_1, valid_until=SEALED_AT_S, ended=ended))
    taken = taken_after_first(second)
    for other in (None, ended.model_copy(update={"honest": ()})):
        lifted = following(
            second, members=(member(entry(RS_1, valid_until=SEALED_AT_S, ended=other)), second.members[1])
        )
        with pytest.raises(NotTaken) as caught:
            take(taken.trust, taken.directory, signed(lifted))
        assert caught.value.code == "directory_forgets"


def waiting(of: Directory) -> set[str]:
    return {key.kid for _, key in of.owned_keys()} - set(key_ring(of, taken_after_first(of).trust.waiting).keys)


ENDED = Ending(at=SEALED_AT, because="stolen")


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (with_keys(entry(RS_1), vouched(RS_2, RS_1)), set()),
        (with_keys(entry(RS_1), entry(RS_2)), {"rs.2"}),
        (with_keys(entry(RS_1), vouched(RS_2, RS_2)), {"rs.2"}),
        (with_keys(entry(RS_1), vouched(RS_2, a_key("mk.1", "rs"))), {"rs.2"}),
        (with_keys(entry(RS_1), vouched(RS_2, RS_1).model_copy(update={"public": entry(RS_3).public})), {"rs.2"}),
        (with_keys(entry(RS_1, ended=ENDED), vouched(RS_2, RS_1)), {"rs.2"}),
        (with_keys(entry(RS_1), vouched(RS_2, RS_1), vouched(RS_3, RS_2)), set()),
        (with_keys(entry(RS_1), entry(RS_2), vouched(RS_3, RS_2)), {"rs.2", "rs.3"}),
        (following(FIRST, region_keys=(entry(REGION_1), entry(a_key("region.2", REGION)))), {"region.2"}),
    ],
)
def test_a_new_key_counts_only_when_a_counting_key_of_its_owner_vouches_for_it(
    of: Directory, expected: set[str]
) -> None:
    assert waiting(of) == expected


def test_the_first_keys_of_a_new_member_count_without_a_voucher() -> None:
    joined = following(FIRST, members=(*FIRST.members, member(entry(a_key("me.1", "me")), code="ME")))
    assert waiting(joined) == set()


def test_a_key_that_waits_counts_when_a_person_confirms_it_and_not_before_in_any_later_version() -> None:
    second = with_keys(entry(RS_1), entry(RS_2))
    taken = taken_after_first(second)
    third = following(second)
    later = take(taken.trust, second, signed(third))
    assert "rs.2" not in key_ring(later.directory, later.trust.waiting).keys
    now = confirmed(later.trust, thumbprint(RS_2.raw_public))
    assert "rs.2" in key_ring(later.directory, now.waiting).keys


def test_a_key_that_waits_cannot_vouch_for_the_next() -> None:
    second = with_keys(entry(RS_1), entry(RS_2))
    taken = taken_after_first(second)
    third = following(second, members=(member(entry(RS_1), entry(RS_2), vouched(RS_3, RS_2)), second.members[1]))
    later = take(taken.trust, second, signed(third))
    assert set(key_ring(third, later.trust.waiting).keys) == {"rs.1", "mk.1", "region.1"}


@pytest.mark.parametrize(
    "change", [{"kid": "rs.9"}, {"public": entry(RS_3).public}, {"valid_from": 1}, {"voucher": ""}, {"voucher": "x"}]
)
def test_a_voucher_is_of_one_key_only(change: dict[str, Any]) -> None:
    key = vouched(RS_2, RS_1)
    assert is_vouched(AUD, "rs", key, public(RS_1))
    assert not is_vouched(AUD, "rs", key.model_copy(update=change), public(RS_1))


def test_a_voucher_is_of_one_region_and_one_owner_and_lasts_when_the_keys_time_is_cut_short() -> None:
    key = vouched(RS_2, RS_1)
    assert not is_vouched("another-region", "rs", key, public(RS_1))
    assert not is_vouched(AUD, "mk", key, public(RS_1))
    assert is_vouched(AUD, "rs", key.model_copy(update={"valid_until": SEALED_AT_S + YEAR_S // 2}), public(RS_1))


@pytest.mark.parametrize("expired", [lambda at: at + timedelta(seconds=1), lambda at: at])
def test_an_expired_directory_says_so(expired: Callable[[datetime], datetime]) -> None:
    assert FIRST.is_expired(expired(FIRST.expires_at))
    assert not FIRST.is_expired(datetime(2026, 3, 2, tzinfo=UTC))
