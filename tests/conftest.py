"""One stack per session, started when a test first asks for it, and a place of its own for each test.

A broker or server that does not start fails the test that needs it: nothing here skips.
"""

import os
import secrets
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from interfocal.stack import Stack, create_database, down, drop_database, up

# The machine is shared: how long an example takes says nothing about the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("patient"), print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "patient")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real Kafka and the real PostgreSQL, shared by the session; use `topic_prefix` and `database` on it."""
    var = tmp_path_factory.mktemp("stack") / "var"
    try:
        yield up(var, progress=_say)
    finally:
        down(var, wipe=True)


@pytest.fixture
def database(stack: Stack) -> Iterator[str]:
    """URL of an empty PostgreSQL database that only this test knows."""
    name = f"test_{secrets.token_hex(8)}"
    yield create_database(stack.postgres_url, name)
    drop_database(stack.postgres_url, name)


@pytest.fixture
def topic_prefix() -> str:
    """A cluster-wide topic prefix that only this test knows, with its delimiter."""
    return f"t{secrets.token_hex(6)}."


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the minutes that each kind of test took, a kind being a folder under ``tests``."""
    seconds: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[_kind(report.nodeid)] += report.duration
    terminalreporter.section("minutes per kind of test")
    for kind, spent in sorted(seconds.items()):
        terminalreporter.write_line(f"{kind:<12} {spent / 60:6.2f} min")


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def _kind(nodeid: str) -> str:
    parts = Path(nodeid.partition("::")[0]).parts
    return parts[parts.index("tests") + 1] if "tests" in parts[:-1] else parts[0]
