"""What several files of this folder share, made once."""

import secrets
from collections.abc import Iterator

import pytest

from interfocal.stack import Stack
from small_region import SmallRegion, settled_region


@pytest.fixture(scope="session")
def settled(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRegion]:
    """A small region at rest. Nobody changes it; `copy` gives a test one that it may change."""
    prefix = f"t{secrets.token_hex(6)}."
    with settled_region(stack, tmp_path_factory.mktemp("small"), prefix) as region:
        yield region
