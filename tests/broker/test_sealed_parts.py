"""A sealed part on its way: only its addressees open it, for as long as it is not erased."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interfocal.ledger.verify import verify
from interfocal.stack import Stack
from sealed_world import CANARY, PART, SealedWorld, sealed_world
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
