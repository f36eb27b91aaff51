"""What a national system's records lack is counted from the member's own outbox, and shown under closed names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from intake_cases import AT_THE_DOOR, NOW, ROW, mapping_of, open_intake, seizure, trace_request
from interfocal.clock import now
from interfocal.commands.main import run
from interfocal.installation.enrolment import Enrolment
from interfocal.installation.installation import Places
from interfocal.installation.region_folder import open_region
from interfocal.process.metrics import Metrics
from interfocal.wiring.quality import AMBIGUOUS, show_quality
from producers.intake.intake import Intake
from producers.mapping.national import NationalRow
from producers.outbox import OutboxFile
from producers.quality import Measured, Period, measure, measured_json
from schemas.marks.reference import load_reference
from schemas.marks.suggest import own_suggest

MARCH = ("rs-zaplene", "2026-03")
MAKE = "seizure.items.firearm.marks.make"


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    one = open_intake(tmp_path, mapping_of(tmp_path))
    yield one
    one.outbox.close()


def hand_in(intake: Intake, *rows: Mapping[str, str], at: datetime = NOW) -> None:
    numbered = [NationalRow(number, row) for number, row in enumerate(rows, start=2)]
    results = replace(intake, now=lambda: at).submit_rows("rs-zaplene", numbered, AT_THE_DOOR)
    assert {result.outcome for result in results} == {"accepted"}


def case(number: int, **changes: str) -> dict[str, str]:
    return {**ROW, "PREDMET": f"KU-{number}", **changes}


def measured(intake: Intake) -> Mapping[Period, Measured]:
    return measure(intake.outbox.reading.newest(), load_reference(), own_suggest())


def test_each_field_is_counted_where_it_could_stand(intake: Intake) -> None:
    hand_in(intake, case(1), case(1, RB="2", MARKA=""), case(2, PRELAZ=""))
    found = measured(intake)[MARCH]
    assert found.records == 2
    assert (found.filled[MAKE], found.possible[MAKE]) == (2, 3)
    assert found.completeness["seizure.agency"] == 1.0
    assert found.completeness["seizure.transport"] == 0.0
    assert not [name for name in found.possible if "record_id" in name or "handling" in name]


def test_what_is_not_recorded_is_not_there(intake: Intake) -> None:
    hand_in(intake, case(1, BROJ=""))
    assert measured(intake)[MARCH].completeness["seizure.items.firearm.marks.numbers.state"] == 0.0


def test_makes_are_resolved_ambiguous_or_unknown(intake: Intake) -> None:
    hand_in(intake, case(1, MARKA="CZ"), case(2, MARKA="Zastava"), case(3, MARKA="Qwertzu"), case(4, MARKA=""))
    assert measured(intake)[MARCH].makes == {"ambiguous": 1, "resolved": 1, "unknown": 1}


def test_warnings_are_counted_by_kind(intake: Intake) -> None:
    hand_in(intake, case(1, MARKA="Zastva"), case(2, MARKA="Zastava"))
    assert measured(intake)[MARCH].warnings == {"did_you_mean": 1}


def test_only_the_newest_revision_of_a_record_counts(intake: Intake) -> None:
    hand_in(intake, case(1, MARKA=""))
    hand_in(intake, case(1))
    found = measured(intake)[MARCH]
    assert (found.records, found.completeness[MAKE]) == (1, 1.0)


def test_systems_and_months_are_apart(intake: Intake) -> None:
    hand_in(intake, case(1))
    hand_in(intake, case(2), at=NOW.replace(month=4))
    intake.submit("seizure", [seizure(national_id="H-1")], AT_THE_DOOR)
    intake.submit("trace", [trace_request()], AT_THE_DOOR)
    told = [(one["system"], one["month"], one["records"]) for one in measured_json(measured(intake))]
    assert told == [("rs-zaplene", "2026-04", 1), ("harmonised", "2026-03", 2), ("rs-zaplene", "2026-03", 1)]


def test_the_newest_rows_can_be_those_since_an_instant(intake: Intake) -> None:
    hand_in(intake, case(1))
    hand_in(intake, case(2), at=NOW.replace(month=4))
    rows = list(intake.outbox.reading.newest(NOW.replace(month=4, day=1, hour=0)))
    assert [row.accepted_at.month for row in rows] == [4]
    assert len(list(intake.outbox.reading.newest())) == 2


def test_the_metric_has_labels_from_closed_sets_and_this_month_only(intake: Intake) -> None:
    metrics = Metrics(CollectorRegistry())
    hand_in(intake, case(3), at=NOW.replace(month=2, day=20))
    hand_in(intake, case(1, MARKA="CZ"), case(2, MARKA=""))

    def value(measure_name: str) -> float | None:
        labels = {"member": "RS", "system": "rs-zaplene", "measure": measure_name}
        return metrics.registry.get_sample_value("interfocal_quality_ratio", labels)

    assert show_quality({"RS": intake}, metrics, lambda: NOW)
    assert (value("make"), value(AMBIGUOUS), value("did_you_mean")) == (0.5, 1.0, 0.0)
    show_quality({"RS": replace(intake, mappings=type(intake.mappings)())}, metrics, lambda: NOW)
    assert value("make") is None
    assert not show_quality({"RS": intake}, metrics, lambda: NOW.replace(month=NOW.month + 1))


def test_the_command_shows_every_system_and_month(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    region = tmp_path / "region"
    region.mkdir()
    directory = 'region = "test"\ntitle = "T"\nexercise = true\nmembers = [{ code = "RS", name = "Serbia" }]\n'
    (region / "directory.toml").write_text(directory, encoding="utf-8")
    var = tmp_path / "var"
    intake = _intake(var, Enrolment(var, open_region(region), now()).run())
    intake.submit("seizure", [seizure()], AT_THE_DOOR)
    intake.outbox.close()
    assert run(["quality", "--as", "rs", "--var", str(var), "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["quality"]
    assert (one["system"], one["month"], one["completeness"][MAKE]) == ("harmonised", "2026-03", 1.0)
    assert run(["quality", "--as", "rs", "--var", str(var)]) == 0
    assert "harmonised 2026-03: 1 records" in capsys.readouterr().out
    assert run(["quality", "--as", "rs", "--var", str(var), "--month", "2020-01"]) == 0
    assert "no records" in capsys.readouterr().out


def _intake(var: Path, directory: Any) -> Intake:
    places = Places(var)
    outbox = OutboxFile.open(places.outbox("rs"), now=lambda: NOW, min_free_bytes=0)
    first = open_intake(var)
    first.outbox.close()
    key = bytes.fromhex((places.secrets("rs") / "id.key").read_text())
    return replace(first, directory=directory, id_key=key, outbox=outbox)
