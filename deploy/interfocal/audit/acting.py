"""Who acts on the command line, for which purpose and case. It changes with what has to be said before one may read.

In an exercise the three have defaults; where real records are, whoever says none of them reads nothing.
"""

import getpass
from dataclasses import dataclass
from typing import Annotated

import typer

from consumers.audit.log import Acting, Reason
from consumers.audit.reason import reason_of
from schemas.directory import Directory
from schemas.errors import Misconfigured
from schemas.topics import REGION

EXERCISE = "exercise"
OPERATION = "operation"

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
        said = self.reason(directory)
        return Acting(said.person, directory.member(member).code if member else REGION.upper(), said.purpose, said.case)

    def reason(self, directory: Directory) -> Reason:
        """Who acts and why. Raises Misconfigured for what is missing or cannot be."""
        purpose, case = self.purpose, self.case
        if directory.exercise:
            purpose, case = purpose or EXERCISE, case or EXERCISE
        if not purpose or not case:
            raise Misconfigured(
                "whoever reads says why: --purpose CODE and --case REFERENCE, or INTERFOCAL_PURPOSE and INTERFOCAL_CASE"
            )
        return reason_of(self.person or _login(), purpose, case)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
