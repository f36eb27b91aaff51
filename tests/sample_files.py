"""The sample files of the default region: what is expected of them, and how intake judges every record in them."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from producers.intake.intake import Intake
from producers.intake.judging import Judged
from producers.intake.result import Result
from producers.intake.sealing import PartSealing
from producers.intake.submission import Entrance
from producers.mapping.mapping import NationalMapping
from producers.outbox import OutboxFile
from producers.ways_in.files import read_rows
from samples import AT, CODE_LISTS, judge_file, region
from schemas.events.envelope import MemberEvent
from schemas.events.firearm import Firearm, Item, Number
from schemas.events.missing import Missing
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct
from schemas.trust.opening import opening_key_from_seed

REGION = region()
SAMPLES = REGION.folder / "samples"
EXPECTED: dict[str, Any] = tomllib.loads((SAMPLES / "expected.toml").read_text(encoding="utf-8"))
DESK = opening_key_from_seed(bytes(range(32)))
"""The opening key of every member's desk here; keys of parts are zeros."""

MEMBERS = tuple(member.code for member in REGION.directory.members if not member.observer)


def path_of(member: str, file: str) -> Path:
    return SAMPLES / member.lower() / file


def files_of(member: str) -> list[str]:
    """A member's files, in the order in which they are handed over."""
    return sorted(listed["file"] for listed in EXPECTED["files"] if listed["member"] == member)


@cache
def judged() -> tuple[tuple[str, NationalMapping, Judged], ...]:
    """Every record of every sample, with its member and mapping."""
    return tuple(
        (listed["member"], mapping, one)
        for listed in EXPECTED["files"]
        for mapping in REGION.mappings.for_file(listed["member"], listed["file"])
        for one in judge_file(REGION, listed["member"], mapping, path_of(listed["member"], listed["file"]))
    )


def events() -> Iterator[MemberEvent]:
    """Of all that is accepted; a record that a later file revises is there twice."""
    yield from (one.event for _, _, one in judged() if one.event is not None and not one.problems)


def seizures() -> list[Seizure]:
    return [event for event in events() if isinstance(event, Seizure)]


def items() -> list[Item]:
    return [item for seizure in seizures() for item in seizure.items]


def firearms() -> list[Firearm]:
    return [item.firearm for item in items() if item.firearm]


def missing() -> list[Missing]:
    return [event for event in events() if isinstance(event, Missing)]


def requests() -> list[TraceAct]:
    return [event for event in events() if isinstance(event, TraceAct)]


def numbers() -> list[Number]:
    """Every number of a firearm that was seized or is missing."""
    marks = [*(firearm.marks for firearm in firearms()), *(record.marks for record in missing())]
    return [number for one in marks for number in one.numbers]


def submit_files(member: str, files: list[str], folder: Path) -> dict[str, list[Result]]:
    """Hand files of a member over to an intake of its own, one after another; the results by file."""
    outbox = OutboxFile.open(folder / "outbox.sqlite", now=lambda: AT, bound_rows=1000, min_free_bytes=0)
    intake = Intake(
        member=member,
        directory=REGION.directory,
        id_key=b"k" * 32,
        code_lists=CODE_LISTS,
        outbox=outbox,
        now=lambda: AT,
        mappings=REGION.mappings,
        sealing=PartSealing(REGION.directory.region, bytes, lambda: ("open.1", DESK.public_key())),
    )
    results: dict[str, list[Result]] = {}
    for file in files:
        (mapping,) = REGION.mappings.for_file(member, file)
        rows = read_rows(path_of(member, file), mapping)
        results[file] = list(intake.submit_rows(mapping.name, rows, Entrance("file", file)))
    outbox.close()
    return results
