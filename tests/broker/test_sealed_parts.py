"""A sealed part on its way: only its addressees open it, for as long as it is not erased."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interfocal.ledger.verify import verify
from interfocal.stack import Stack
from sealed_world import PART, SealedWorld, sealed_world
from small_records import ASKED, ASKER
from small_region import DIRECTORY

ANSWER = {"result": "record_found", "scope": "full", "evidence": "dealer_record"}


@pytest.fixture
def world(stack: Stack, tmp_path: Path) -> Iterator[SealedWorld]:
    with sealed_world(stack, tmp_path) as made:
        yield made


def test_the_member_that_has_to_answer_opens_what_the_asker_sealed_and_its_answer_is_opened_by_the_asker(
    world: SealedWorld,
) -> None:
    key = world.ask("T-1")
    (asked,) = world.opened(ASKED, key)
    assert asked.part is not None
    assert asked.part.case_details == PART["case_details"]
    assert asked.part.persons[0].role == "driver"
    assert [(addressee, hop) for _, addressee, hop in world.grants(ASKER)] == [(ASKED, 1)]
    world.act(ASKED, key, "answer", ANSWER, sealed_part={"case_details": "The buyer is known."})
    answers = {one.act: one.part for one in world.opened(ASKER, key)}
    assert answers["answer"] is not None
    assert answers["answer"].case_details == "The buyer is known."
    assert answers["request"] is not None
    proof = verify(world.installation).balance
    assert list(proof.problems) == []
    assert proof.holds


NO_CHANNEL = f"""{DIRECTORY}
[[channels]]
sender = "AA"
receiver = "BB"
channel = "none"
"""


def test_a_member_without_a_channel_is_given_no_key_whatever_the_region_decides(stack: Stack, tmp_path: Path) -> None:
    with sealed_world(stack, tmp_path, NO_CHANNEL) as world:
        key = world.ask("T-1")
        world.force_routing(key)
        assert world.received(ASKED, key) == ["request"]
        (asked,) = world.opened(ASKED, key)
        assert (asked.part, asked.reason) == (None, "not_granted")
        assert world.grants(ASKER) == []
        assert world.refused(key) == [(1, ASKED, "no_channel")]


def test_a_member_that_the_handling_leaves_out_is_given_no_key(world: SealedWorld) -> None:
    key = world.ask("T-1", handling={"codes": ["H1"], "releasable_to": [ASKER]})
    world.force_routing(key)
    assert world.grants(ASKER) == []
    assert world.refused(key) == [(1, ASKED, "not_releasable")]


def test_a_grant_for_another_event_or_ciphertext_goes_to_quarantine(world: SealedWorld) -> None:
    first, second = world.ask("T-1"), world.ask("T-2")
    for changed in ({"of_event": second.request_id}, {"ciphertext_sha256": "A" * 43}):
        world.forge_grant(first, **changed)
    url = world.installation.desk_url(ASKED)
    found = world.rows(url, "select topic, reason from quarantine order by id")
    assert found == [("region.grant.bb", "grant_wrong_binding")] * 2
    assert all(one.part is not None for one in (*world.opened(ASKED, first), *world.opened(ASKED, second)))


def test_what_is_erased_is_deleted_everywhere_and_the_addressees_receipt_says_so(world: SealedWorld) -> None:
    key = world.ask("T-1")
    ((grant, _, _),) = world.grants(ASKER)
    erasure = world.act(ASKER, key, "erasure", {"grants": [grant]})
    (asked,) = world.opened(ASKED, key)
    assert (asked.part, asked.reason) == (None, "not_granted")
    assert world.holders_of(grant) == []
    region = world.installation.region_url
    receipts = world.rows(region, "select body -> 'erased' from receipt where of_event = %s", erasure)
    assert receipts == [([grant],)]
    assert world.lasting_keys() == {world.own_grant(ASKER, key)}
    (own,) = world.opened(ASKER, key)
    assert own.part is not None
    assert verify(world.installation).balance.holds


def test_a_grant_that_comes_after_its_erasure_is_kept_nowhere(world: SealedWorld) -> None:
    """Topics come in any order: a region and a desk that are built anew may read the erasure first."""
    key = world.ask("T-1")
    ((grant, _, _),) = world.grants(ASKER)
    world.act(ASKER, key, "erasure", {"grants": [grant]})
    world.read_grants_again()
    assert world.holders_of(grant) == []
    (asked,) = world.opened(ASKED, key)
    assert asked.part is None


def test_nobody_erases_what_another_member_granted(world: SealedWorld) -> None:
    key = world.ask("T-1")
    ((grant, _, _),) = world.grants(ASKER)
    (rejected,) = world.submitted(ASKED, key, "erasure", {"grants": [grant]})
    assert [problem.code for problem in rejected.problems] == ["unknown_grant"]
    (asked,) = world.opened(ASKED, key)
    assert asked.part is not None


def test_an_outbox_keeps_no_grant_that_kafka_has(world: SealedWorld) -> None:
    world.ask("T-1")
    rows = [row for row in world.members[ASKER].outbox.reading.all_rows() if row.draft.topic == "aa.grant"]
    assert [row.draft.value for row in rows] == [b"", b""]
    sent = world.rows(world.installation.region_url, "select value from region_outbox where topic = 'region.grant.bb'")
    assert [bytes(value) for (value,) in sent] == [b""]
