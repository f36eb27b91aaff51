"""End-to-end tests: real processes on the real Kafka and PostgreSQL."""

import secrets
from collections.abc import Iterator

import pytest

from interfocal.stack import Stack
from running import Exchange, started


@pytest.fixture(scope="module")
def exchange(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """Two members, their desks and the region, running; each test leaves it running and at rest."""
    with started(stack, tmp_path_factory.mktemp("exchange"), f"e{secrets.token_hex(6)}.") as exchange:
        yield exchange
