"""Who is told what became of records, whatever way they came in. It changes with what is told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from producers.intake.result import Result

Told = Callable[[str, str, Result], None]
"""Takes member, stream and result."""


def _nobody_listens(_member: str, _stream: str, _result: Result) -> None:
    """Takes note of nothing."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Who is told what became of records."""

    on_accepted: Told = _nobody_listens
    on_rejected: Told = _nobody_listens

    def tell(self, member: str, stream: str, results: Iterable[Result]) -> None:
        """Tell of each result that is new."""
        for result in results:
            if result.outcome == "accepted":
                self.on_accepted(member, stream, result)
            elif result.outcome == "rejected":
                self.on_rejected(member, stream, result)
