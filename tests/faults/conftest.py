"""Long tests of what fails, is away, full or off, on the real parts and under load, and of the verdict on them.

`make faults` runs them, and `make test` does not. Each prints what it measured, and none asserts a time.
"""

import gc
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from instances import INSTANCES
from interfocal.stack import Stack, down
from load import Load
from running import Exchange, prepared
from three_brokers import whole
from verdict import check_held

MEASURED: list[str] = []

Tell = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The client leaves the sockets of refused connections to the collector, which speaks up whenever it comes."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured, in the order in which it was."""
    terminalreporter.section("lag and time to recover")
    for line in MEASURED:
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Nothing of a broker that was away is left to the next test."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of three brokers and a PostgreSQL."""
    var = tmp_path_factory.mktemp("cluster") / "var"
    try:
        whole(var)
        yield var
    finally:
        down(var, wipe=True)


@pytest.fixture
def three(cluster: Path) -> Stack:
    """Three brokers that are all well, whatever the last test did to them."""
    return whole(cluster)


@pytest.fixture
def exchange(three: Stack, tmp_path: Path) -> Iterator[Exchange]:
    """Two members, and two instances each of the region's process and of the desks'; nothing of it runs yet."""
    with prepared(three, tmp_path / "var", f"f{secrets.token_hex(6)}.", INSTANCES) as exchange:
        yield exchange


@pytest.fixture(scope="session")
def measured() -> list[str]:
    """What is printed at the end."""
    return MEASURED


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Notes a measured figure under the test's name."""

    def note(figure: str) -> None:
        MEASURED.append(f"{request.node.name.removeprefix('test_')}: {figure}")

    return note


@pytest.fixture
def hold(tell: Tell) -> Callable[[Exchange, Load], None]:
    """The verdict: at rest, nothing is lost or doubled, and order is kept, by the ledger and by the raw log."""

    def check(exchange: Exchange, load: Load) -> None:
        told = check_held(exchange, load.events)
        tell(f"{told}; at most {load.most_lag} behind")

    return check
