"""Who is told what became of records, whatever way they came in. It changes with what is told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from producers.intake.submission import Result


def _nobody_listens(*_: str) -> None:
    """Takes note of nothing."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Who is told what became of records: (member, stream), and the first problem's code of a rejected one."""

    on_accepted: Callable[[str, str], None] = _nobody_listens
    on_rejected: Callable[[str, str, str], None] = _nobody_listens

    def tell(self, member: str, stream: str, results: Iterable[Result]) -> None:
        """Tell of each result that is new."""
        for result in results:
            if result.outcome == "accepted":
                self.on_accepted(member, stream)
            elif result.outcome == "rejected":
                self.on_rejected(member, stream, result.problems[0].code)
