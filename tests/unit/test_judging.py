"""Of many problems of one record, each field's first is told, and none that only follows from another."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from intake_cases import AT_THE_DOOR
from producers.intake.judging import merged
from producers.intake.submission import Submission, harmonised_submission
from schemas.rejection import Problem

SUBMISSION: Submission = harmonised_submission("seizure", {}, 1, AT_THE_DOOR)
PATHS = st.lists(
    st.sampled_from(["items", "items[0]", "items[0].kind", "items[10]", "item", "a", "a.b", "a.b[0].c", "a.bc"])
)


def missing(path: str) -> Problem:
    return Problem(code="missing_field", parameters={"field": path})


@given(PATHS)
def test_a_part_is_not_named_beside_what_is_wrong_inside_it(paths: Sequence[str]) -> None:
    told = [found.parameters["field"] for found in merged(SUBMISSION, map(missing, paths))]
    inside = {path: [p for p in paths if p.startswith((f"{path}.", f"{path}["))] for path in paths}
    assert told == [path for path in dict.fromkeys(paths) if not inside[path]]


def test_any_number_of_problems_are_told() -> None:
    """An export whose key column is the same in all rows is one record with a problem for each."""
    paths = [f"items[{number}].item_key" for number in range(100_000)]
    assert len(merged(SUBMISSION, map(missing, paths))) == len(paths)
