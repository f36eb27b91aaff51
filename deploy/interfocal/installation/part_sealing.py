"""How intakes of an installation seal parts. It changes with what sealing needs."""

from interfocal.clock import random_bytes
from interfocal.installation.installation import Installation
from interfocal.installation.opening_keys import opening_keys
from producers.intake.sealing import PartSealing


def part_sealing(installation: Installation, code: str) -> PartSealing:
    """How one member's intake seals."""
    find = opening_keys(installation)
    return PartSealing(installation.directory.region, random_bytes, lambda: find(code))
