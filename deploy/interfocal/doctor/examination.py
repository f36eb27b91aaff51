"""All checks, in the order in which a person would make them. It changes when there is another check.

A check that fails says so in a sentence, and the others are made all the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from interfocal.doctor import next_steps, of_flow, of_place, of_processes, of_servers, of_trust
from interfocal.doctor.finding import Check, Finding, Subject, nothing, the_broker, the_region, the_stores
from interfocal.doctor.opening import open_subject
from schemas.errors import ExchangeError

CHECKS = (
    Check("settings", of_place.settings, nothing),
    Check("ways_in", of_place.ways_in),
    Check("disks", of_place.disks, nothing),
    Check("validity", of_trust.directory),
    Check("keys", of_trust.keys),
    Check("topics", of_servers.topics, the_broker),
    Check("clocks", of_servers.clocks, the_region),
    Check("processes", of_processes.processes),
    Check("heartbeats", of_flow.heartbeats, the_region),
    Check("lag", of_flow.lag, lambda subject: the_broker(subject) and the_stores(subject)),
    Check("outboxes", of_flow.outboxes),
    Check("quarantine", of_flow.quarantine, the_stores),
    Check("pauses", of_flow.pauses, the_stores),
    Check("gaps", of_flow.gaps, the_stores),
    Check("lines", of_flow.lines, the_stores),
    Check("work", of_flow.work, the_region),
)
OPENED = ("stack", "directory", "broker", "databases")
"""What is looked at while the installation is opened."""

EXPECTED = (ExchangeError, OSError, psycopg.Error, httpx.HTTPError)


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, and the names of checks that could not be made because of it."""

    findings: tuple[Finding, ...]
    left_out: tuple[str, ...]
    subject: Subject

    @property
    def made(self) -> int:
        """How many checks were made."""
        return len(OPENED) + len(CHECKS) - len(self.left_out)


def examine(var: Path) -> Examination:
    """Make every check that can be made."""
    subject, found = open_subject(var)
    left_out: list[str] = []
    for check in CHECKS:
        if check.needs(subject):
            found += made(check, subject)
        else:
            left_out.append(check.name)
    unique = dict.fromkeys(found)  # the settings may have been unreadable already when they were opened
    return Examination(tuple(unique), tuple(left_out), subject)


def made(check: Check, subject: Subject) -> Iterator[Finding]:
    """What a check finds; a sentence where it fails, as it may when half of everything is down."""
    try:
        yield from check.look(subject)
    except EXPECTED as error:
        yield Finding(check.name, f"the check of {check.name} could not be made: {error}", next_steps.STATUS)
    except Exception as error:  # noqa: BLE001  # one check's own fault must not hide what the others find
        sentence = f"the check of {check.name} failed itself ({type(error).__name__}): report it"
        yield Finding(check.name, sentence, next_steps.STATUS)
