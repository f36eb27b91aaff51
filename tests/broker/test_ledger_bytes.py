"""The proof looks at the bytes that were applied, and at what they settled, not only at their names."""

import secrets

import pytest

from interfocal.ledger.verify import verify
from interfocal.stack import Stack
from small_region import settled_region

ALTERED = "update event set value = value || value where topic = 'aa.trace'"
SETTLED = (
    "insert into decided (kind, subject, hop, cause, decision_id)"
    " select 'routing', 'another request', 1, 'another request', event_id from decision where kind = 'routing'"
)


def test_altered_bytes_and_what_is_settled_by_nothing_are_found(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    prefix = f"t{secrets.token_hex(6)}."
    with settled_region(stack, tmp_path_factory.mktemp("small"), prefix) as region:
        for statement, codes in (
            ("select 1", set()),
            (ALTERED, {"not_applied", "applied_but_not_on_log"}),
            (SETTLED, {"decided_row_unexpected"}),
        ):
            with region.copy(tmp_path_factory.mktemp("copy")) as copied:
                copied.change(copied.installation.region_url, statement)
                found = verify(copied.installation).balance
                assert {problem.code for problem in found.problems} == codes
                assert found.holds is (not codes)
