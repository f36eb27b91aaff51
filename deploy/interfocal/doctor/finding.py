"""What a check finds, and what it is given to look at. It changes when checks need to know more.

An installation may be half down: what could not be opened is None or empty here, and checks that need it are left out.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interfocal.installation.installation import Installation
from interfocal.watching.figures import RegionFigures, StoreFigures
from schemas.topics import REGION

REGION_CODE = REGION.upper()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and the next command to type; ``members`` are those that the sentence names."""

    check: str
    sentence: str
    command: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at.

    ``installation`` has empty addresses for servers that are not up. ``answers``: whether Kafka does. ``stores``: what
    each database tells, by its member's code, or by REGION's; ``endpoints`` as they are written down.
    """

    var: Path
    installation: Installation | None = None
    answers: bool = False
    stores: Mapping[str, StoreFigures] = field(default_factory=dict)
    region: RegionFigures | None = None
    endpoints: Mapping[str, Any] = field(default_factory=dict)

    @property
    def opened(self) -> Installation:
        """The installation, for checks that are only made when there is one."""
        if self.installation is None:
            raise LookupError("a check that needs the installation was made without")
        return self.installation

    def log_of(self, process: str) -> Path:
        """Where a process that was started here writes its log."""
        return self.var / "logs" / f"{process}.log"


Look = Callable[[Subject], Iterable[Finding]]
Needs = Callable[[Subject], bool]


def nothing(_subject: Subject) -> bool:
    """Of a check that can always be made."""
    return True


def an_installation(subject: Subject) -> bool:
    """Of a check that needs settings and directory."""
    return subject.installation is not None


def the_broker(subject: Subject) -> bool:
    """Of a check that asks Kafka."""
    return subject.installation is not None and subject.answers


def the_stores(subject: Subject) -> bool:
    """Of a check that asks databases: at least one answers."""
    return subject.installation is not None and bool(subject.stores)


def the_region(subject: Subject) -> bool:
    """Of a check that asks the region's database."""
    return subject.installation is not None and subject.region is not None


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, what it needs, and how it looks."""

    name: str
    look: Look
    needs: Needs = an_installation
