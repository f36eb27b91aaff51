"""Long tests of what fails: three brokers, several instances of each consumer, all of it under load.

`make faults` runs them, and `make test` does not. Each prints what it measured, and none asserts a time.
"""

import gc
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from instances import INSTANCES
from interfocal.installation.access import admin_access_of
from interfocal.stack import Stack, down
from interfocal.wiring.region import region_topics, sending_topics
from load import Load
from raw_log import check_order
from running import Exchange, interfocal, prepared
from three_brokers import whole

LIMIT_S = 240.0
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
        exchange.drain(LIMIT_S)
        assert exchange.running() == set(INSTANCES)
        installation = exchange.installation
        ended = interfocal("ledger", "verify", "--json", "--var", str(installation.var), limit_s=LIMIT_S)
        told = json.loads(ended.stdout)
        assert (told["lost"], told["doubled"], told["problems"]) == ([], [], [])
        assert ended.returncode == 0
        assert told["accepted"] == told["in_view"] == len(load.events) == len(set(load.events))
        assert told["traces"]["delivered"] == told["traces"]["opened"]
        topics = {*region_topics(installation), *sending_topics(installation)}
        raw = check_order(admin_access_of(installation), [installation.prefix + topic for topic in sorted(topics)])
        tell(
            f"{told['accepted']} events accepted, at most {load.most_lag} behind;"
            f" {raw['events']} on the log, {raw['records'] - raw['events']} of them repeated;"
            f" publish to view p50 {told['latency_ms']['publish_to_view']['p50']} ms"
        )

    return check
