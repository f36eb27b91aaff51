"""Every threat has its tests or says why it has none, the tests are there, and what is said to be open is not there."""

import re
from collections.abc import Mapping

import pytest

from documents import is_there, named, table
from source_tree import ROOT, source_files

PAGE = ROOT / "deploy" / "decisions" / "0014-threats-and-their-tests.md"
COUNT = 27
OPEN = ("Not built: ", "Out of reach: ", "Cannot occur")
NOTHING = "nothing known"
ROWS = table(PAGE, "# 14. Threats and their tests")
NOT_THERE: Mapping[str, str] = {
    r"\bpymerkle\b|\brfc3161": "T5: nobody outside stamps heads",
    r"max\.connections\.per\.ip|request_percentage|controller_mutation_rate": "T10: quotas are of bytes only",
    r"fastavro\.(reader|block_reader|writer)\b|DataFile(Reader|Writer)": "T13: nothing opens container files",
    r"(?i)\bpkcs.?11": "T22: keys are files",
}
CALLERS = {"aiohttp", "http", "httpx", "requests", "socketserver", "urllib", "urllib3"}
"""Libraries that call an address."""


def test_every_threat_has_a_row() -> None:
    assert [row[0] for row in ROWS] == [f"T{number}" for number in range(1, COUNT + 1)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_threat_has_tests_that_are_there_or_a_reason(row: list[str]) -> None:
    _, threat, tests, left_open = row
    assert threat
    assert left_open == NOTHING or left_open.startswith(OPEN)
    assert named(tests) or left_open != NOTHING
    assert [name for name in named(tests) if not is_there(name)] == []


@pytest.mark.parametrize("sign", NOT_THERE)
def test_what_is_not_covered_is_not_there(sign: str) -> None:
    assert [source.path for source in source_files() if re.search(sign, source.text)] == [], NOT_THERE[sign]


def test_who_reads_events_calls_nobody() -> None:
    """What reads the log knows no library that calls an address, so no event can name one to be called."""
    callers = {
        source.path
        for source in source_files()
        if source.room in {"schemas", "consumers"}
        and CALLERS & {module.partition(".")[0] for module in source.imported()}
    }
    assert callers == set()
