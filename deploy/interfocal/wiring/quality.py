"""Keeps the metric of data quality current, from each member's own outbox. It changes with what the metric shows."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from interfocal.clock import now
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from interfocal.process.service import Worker
from producers.intake.intake import Intake
from producers.intake.submission import HARMONISED
from producers.quality import Measured, Period, measure
from schemas.errors import Temporary
from schemas.marks.reference import load_reference
from schemas.marks.suggest import own_suggest
from schemas.rejection import WARNING_MESSAGES

FIRST_S = 2.0
"""Between two looks while no record of this month is there."""
EVERY_S = 900.0
MARKS = {"seizure": "items.firearm.marks", "missing": "marks", "trace": "request.marks"}
SHOWN = ("make", "model", "calibre", "numbers.as_read")
AMBIGUOUS = "ambiguous_makes"
"""Names of measures; the others are the fields of ``SHOWN``, and the codes of warnings."""


def quality_worker(intakes: Mapping[str, Intake], metrics: Metrics) -> Worker:
    """Measures every quarter of an hour, for the first time when a record of this month is there."""

    def run(stop: threading.Event) -> None:
        wait_s = FIRST_S
        while not stop.wait(wait_s):
            wait_s = EVERY_S
            try:
                if not show_quality(intakes, metrics, now):
                    wait_s = FIRST_S
            except Temporary as error:
                log().warning("quality_waits", code=error.code, reason=str(error))

    return Worker("quality", run)


def show_quality(intakes: Mapping[str, Intake], metrics: Metrics, clock: Callable[[], datetime]) -> bool:
    """Set the metric to what was accepted since the beginning of this month; False when that is nothing."""
    start = clock().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    metrics.intake.quality.clear()
    of_this_month = {code: intake for code, intake in intakes.items() if _has_accepted(intake, start)}
    for code, intake in of_this_month.items():
        systems = {mapping.name for mapping in intake.mappings.of_member(code)} | {HARMONISED}
        found = measure(intake.outbox.reading.newest(start), load_reference(), own_suggest())
        for system, measured in of_systems(found).items():
            for measure_name, ratio in ratios(measured) if system in systems else ():
                show(metrics, (code, system, measure_name), ratio)
    return bool(of_this_month)


def _has_accepted(intake: Intake, since: datetime) -> bool:
    last = intake.outbox.reading.last_accepted_at()
    return last is not None and last >= since


def show(metrics: Metrics, labels: tuple[str, str, str], ratio: float) -> None:
    """One value of the metric."""
    code, system, measure = labels
    metrics.intake.quality.labels(code, system, measure).set(ratio)


def of_systems(found: Mapping[Period, Measured]) -> Mapping[str, Measured]:
    """The newest month of each system."""
    return {system: measured for (system, _), measured in sorted(found.items(), key=lambda one: one[0][1])}


def ratios(measured: Measured) -> Iterator[tuple[str, float]]:
    """Name and value of each measure."""
    completeness = measured.completeness
    for stream, marks in MARKS.items():
        for name in SHOWN:
            path = f"{stream}.{marks}.{name}"
            if path in completeness:
                yield name, completeness[path]
    makes = measured.makes.total()
    if makes:
        yield AMBIGUOUS, measured.makes["ambiguous"] / makes
    for code in WARNING_MESSAGES:
        yield code, measured.warnings[code] / measured.records
