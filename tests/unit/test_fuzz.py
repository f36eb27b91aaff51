"""A short run of what ``make fuzz`` does for minutes: each surface keeps its contract, and a broken one is found."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.main import NO_END, fuzz
from fuzz.target import Target
from fuzz.targets import TARGETS
from planted_fault import PLANTED, SOUND, WORD

WORDS = sorted({word for target in TARGETS.values() for word in target.words})
CHANCE = st.lists(st.binary(max_size=24) | st.sampled_from(WORDS), max_size=12).map(b"".join)
SECONDS = 30
MODULE = "planted_fault"
HAS_ENGINE = find_spec("atheris") is not None  # elsewhere there is no wheel of it


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_a_surface_keeps_its_contract_for_what_fuzzing_begins_with(target: Target) -> None:
    seeds = target.seeds()
    assert seeds
    for seed in seeds:
        target.run(seed)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
@settings(max_examples=150)
@given(data=CHANCE)
def test_a_surface_keeps_its_contract_for_bytes_of_chance(target: Target, data: bytes) -> None:
    target.run(data)


def test_what_breaks_a_contract_is_found_and_kept(tmp_path: Path) -> None:
    ran = fuzz(PLANTED, SECONDS, tmp_path, MODULE)
    if HAS_ENGINE:
        assert WORD in Path(ran.found).read_bytes()
        assert Path(ran.found).parent == tmp_path / "found" / "planted"
        assert "AssertionError" in ran.said
    else:
        assert ran.found == NO_END
        assert "atheris" in ran.said


def test_a_sound_surface_has_its_inputs_counted_and_nothing_found(tmp_path: Path) -> None:
    ran = fuzz(SOUND, 1, tmp_path, MODULE)
    assert (ran.inputs > 0, ran.found) == ((True, "") if HAS_ENGINE else (False, NO_END))
