"""What is said of a region follows from its directory, and from nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interfocal.limits import EXERCISE_NOTICE, limits_of, say_exercise
from schemas.directory import Directory, Member
from sealing import SEALED_AT


def directory(*, exercise: bool, notice: str = "") -> Directory:
    return Directory(
        region="test",
        title="Test",
        version=1,
        exercise=exercise,
        issued_at=SEALED_AT,
        expires_at=SEALED_AT,
        notice=notice,
        members=(Member(code="RS", name="RS"),),
    )


@given(exercise=st.booleans(), notice=st.text(max_size=20))
def test_the_limits_are_what_the_directory_says(exercise: bool, notice: str) -> None:
    told = limits_of(directory(exercise=exercise, notice=notice))
    assert [limit for limit in told if limit != notice] == [EXERCISE_NOTICE] * exercise
    assert [limit for limit in told if limit != EXERCISE_NOTICE] == [notice] * bool(notice)


def test_without_a_directory_there_is_nothing_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert limits_of(None) == []
    say_exercise(None)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("exercise", [True, False])
def test_that_a_region_is_an_exercise_is_said_beside_its_records(
    *, exercise: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    say_exercise(directory(exercise=exercise, notice="agreed"))
    assert capsys.readouterr() == ("", f"{EXERCISE_NOTICE}\n" * exercise)
