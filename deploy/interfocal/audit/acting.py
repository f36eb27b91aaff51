"""Who acts on the command line, for which purpose and case. It changes with what has to be said before one may read.

In an exercise the three have defaults; where real records are, whoever says none of them reads nothing.
"""

import getpass
import re
from dataclasses import dataclass
from typing import Annotated

import typer

from consumers.audit.log import Acting
from schemas.codes.lists import load_code_lists
from schemas.directory import Directory
from schemas.errors import Misconfigured
from schemas.topics import REGION

EXERCISE = "exercise"
OPERATION = "operation"
PURPOSES = "reading-purpose"
PERSON_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,59}")
CASE_FORM = re.compile(r"[^\x00-\x1f\x7f]{1,80}")

Person = Annotated[
    str | None, typer.Option("--person", envvar="INTERFOCAL_PERSON", help="Your own mark, no name; else your login.")
]
Purpose = Annotated[
    str | None,
    typer.Option("--purpose", envvar="INTERFOCAL_PURPOSE", help="Why you look, as a code of the list reading-purpose."),
]
Case = Annotated[
    str | None, typer.Option("--case", envvar="INTERFOCAL_CASE", help="For which case, as its pseudonymous reference.")
]


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of itself on the command line."""

    person: str | None = None
    purpose: str | None = None
    case: str | None = None

    def acting(self, directory: Directory, member: str | None = None) -> Acting:
        """Who acts, for a member or for the region. Raises Misconfigured for what is missing or cannot be."""
        purpose, case = self.purpose, self.case
        if directory.exercise:
            purpose, case = purpose or EXERCISE, case or EXERCISE
        if not purpose or not case:
            raise Misconfigured(
                "whoever reads says why: --purpose CODE and --case REFERENCE, or INTERFOCAL_PURPOSE and INTERFOCAL_CASE"
            )
        purposes = load_code_lists()[PURPOSES]
        if purpose not in purposes:
            raise Misconfigured(f"{purpose!r} is no purpose; there are: {', '.join(purposes.codes)}")
        if not CASE_FORM.fullmatch(case):
            raise Misconfigured("a case's reference has at most 80 signs, on one line")
        return Acting(self._person(), directory.member(member).code if member else REGION.upper(), purpose, case)

    def _person(self) -> str:
        person = self.person or _login()
        if not PERSON_FORM.fullmatch(person):
            raise Misconfigured("--person is a mark of letters, digits and . _ @ + -, and never a name with spaces")
        return person


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
