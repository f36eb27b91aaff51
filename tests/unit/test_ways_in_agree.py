"""Every way in brings the same records to the same events."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from asgi import client_of
from intake_cases import CODE_LISTS, MAPPING, ROW, open_intake, written_mapping
from interfocal.installation.settings import SqlTableSettings, WaysInSettings
from interfocal.member.submitting import Handing, hand_over
from interfocal.wiring.ways_in import looking_workers
from office import XLSX_MAPPING, XML_MAPPING, workbook, xml_export
from producers.intake.intake import Intake
from producers.mapping.files import load_mapping
from producers.ways_in.api_keys import Caller
from producers.ways_in.http import create_app
from producers.ways_in.observer import Observer
from producers.ways_in.python_call import Exchange
from schemas.errors import Misconfigured
from schemas.wire.codec import decode
from sql_tables import became, put, table_in

RECORDS = [
    {**ROW, "BROJ": "004377"},
    {**ROW, "PREDMET": "KU-18/26", "VREME": "", "MARKA": "Crvena zastava", "BROJ": "C-41377"},
    {**ROW, "PREDMET": "KU-19/26", "VRSTA": "top"},
    {**ROW, "PREDMET": "KU-20/26", "VRSTA": "municija", "KOM": "250", "MARKA": "", "BROJ": ""},
]
REVISED = [{**RECORDS[1], "MARKA": "CZ"}, RECORDS[0]]
OUTCOMES = [{"accepted": 3, "rejected": 1}, {"accepted": 1, "unchanged": 1}]

OTHER = MAPPING.replace("cp1250", "utf-8")
MAPPINGS = {
    "rs-csv": MAPPING.replace('encoding = "cp1250"', 'encoding = "utf-16"'),
    "rs-xlsx": XLSX_MAPPING,
    "rs-json": OTHER.replace('format = "csv"', 'format = "json"').replace("zaplene*.csv", "zaplene*.json"),
    "rs-jsonl": OTHER.replace('format = "csv"', 'format = "jsonl"').replace("zaplene*.csv", "zaplene*.jsonl"),
    "rs-xml": XML_MAPPING,
}
Rows = Sequence[Mapping[str, str]]


def cells(record: Mapping[str, str]) -> list[Any]:
    """A row as an office types it: dates, times and numbers are cells of their own kind."""
    typed: dict[str, Any] = {**record, "DATUM": date(2026, 2, 14), "VREME": time(6, 45) if record["VREME"] else None}
    typed["KOM"] = int(record["KOM"]) if record["KOM"] else None
    typed["BROJ"] = int(record["BROJ"]) if record["BROJ"].isdecimal() else record["BROJ"]
    return list(typed.values())


def zeros(sheet: Any) -> None:
    for number in range(2, len(RECORDS) + 2):
        sheet.cell(number, list(ROW).index("BROJ") + 1).number_format = "000000"


FILES: Mapping[str, Callable[[Rows], bytes]] = {
    "csv": lambda rows: "\r\n".join([";".join(ROW), *(";".join(row.values()) for row in rows)]).encode("utf-16"),
    "xlsx": lambda rows: workbook([list(ROW), *map(cells, rows)], zeros),
    "json": lambda rows: json.dumps({"records": rows}).encode(),
    "jsonl": lambda rows: "\n".join(map(json.dumps, rows)).encode(),
    "xml": xml_export,
}


@dataclass(frozen=True, slots=True)
class Door:
    """Where records are brought: an intake, and a folder for what a way in needs."""

    intake: Intake
    folder: Path

    @property
    def http(self) -> Any:
        return client_of(create_app({"RS": self.intake}, lambda key: Caller("RS", "cms") if key == "key" else None))


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    loaded = [load_mapping(written_mapping(tmp_path, text, name), CODE_LISTS) for name, text in MAPPINGS.items()]
    opened = open_intake(tmp_path, *loaded)
    yield opened
    opened.outbox.close()


def counted(outcomes: Sequence[str]) -> dict[str, int]:
    return {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))}


def by_submit(form: str) -> Callable[[Door, Rows], dict[str, int]]:
    def bring(door: Door, rows: Rows) -> dict[str, int]:
        path = door.folder / f"zaplene.{form}"
        path.write_bytes(FILES[form](rows))
        exchange = Exchange("http://intake", "key", door.http)
        return dict(hand_over(Handing(exchange, "RS", door.intake.mappings, {}), path).counts)

    return bring


def looked(door: Door, settings: WaysInSettings, until: Callable[[], bool]) -> None:
    """Run the workers of a producer process until something is so."""
    stop = threading.Event()
    workers = looking_workers(settings, {"RS": door.intake}, Observer())
    threads = [threading.Thread(target=worker.run, args=(stop,), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        while not until():
            assert all(thread.is_alive() for thread in threads)
            stop.wait(0.02)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def by_folder(form: str) -> Callable[[Door, Rows], dict[str, int]]:
    def bring(door: Door, rows: Rows) -> dict[str, int]:
        folder = door.folder / "export"
        folder.mkdir(exist_ok=True)
        before = set(folder.rglob("*.report.json"))
        (folder / f".zaplene.{form}").write_bytes(FILES[form](rows))
        (folder / f".zaplene.{form}").rename(folder / f"zaplene.{form}")
        looked(
            door,
            WaysInSettings(folder={"rs": folder}, look_s=0.05),
            lambda: not (folder / f"zaplene.{form}").exists(),
        )
        (report,) = set(folder.rglob("*.report.json")) - before
        counts: dict[str, int] = json.loads(report.read_text(encoding="utf-8"))["counts"]
        return counts

    return bring


def by_http(door: Door, rows: Rows) -> dict[str, int]:
    asked = {"mapping": "rs-json"}
    answer = door.http.post("/v1/seizure", json=rows, params=asked, headers={"x-api-key": "key"})
    return counted([result["outcome"] for result in answer.json()])


def by_python(door: Door, rows: Rows) -> dict[str, int]:
    results = Exchange("http://intake", "key", door.http).submit("seizure", rows, mapping="rs-json")
    return counted([result.outcome for result in results])


def by_sql(door: Door, rows: Rows) -> dict[str, int]:
    path = door.folder / "national.sqlite"
    path.unlink(missing_ok=True)
    engine = table_in(door.folder)
    put(engine, *[{"mapping": "rs-json", "record": row} for row in rows])
    table = SqlTableSettings(url=SecretStr(f"sqlite:///{path}"), system="cms")
    settings = WaysInSettings(sql={"RS": table}, look_s=0.05)
    looked(door, settings, lambda: all(outcome for outcome, *_ in became(engine)))
    outcomes = [cast("str", outcome) for outcome, *_ in became(engine)]
    engine.dispose()
    return counted(outcomes)


WAYS: Mapping[str, Callable[[Door, Rows], dict[str, int]]] = {
    **{f"submit {form}": by_submit(form) for form in FILES},
    **{f"folder {form}": by_folder(form) for form in FILES},
    "http": by_http,
    "python": by_python,
    "sql": by_sql,
}


def events(intake: Intake) -> list[dict[str, Any]]:
    """What was accepted, without what says which mapping it went through."""
    decoded = [decode(row.draft.value)[1].model_dump(mode="json") for row in intake.outbox.reading.all_rows()]
    return [{name: value for name, value in event.items() if name != "source"} for event in decoded]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_gives_the_same_events(intake: Intake, tmp_path: Path, way: str) -> None:
    door = Door(intake, tmp_path)
    assert [WAYS[way](door, RECORDS), WAYS[way](door, REVISED)] == OUTCOMES
    accepted = events(intake)
    assert [(event["own_reference"], event["revision"]) for event in accepted] == [
        ("KU-17/26", 1),
        ("KU-18/26", 1),
        ("KU-20/26", 1),
        ("KU-18/26", 2),
    ]
    plain = tmp_path / "plain"
    plain.mkdir()
    other = open_intake(plain, *intake.mappings.mappings)
    by_http(Door(other, plain), RECORDS)
    by_http(Door(other, plain), REVISED)
    assert accepted == events(other)
    other.outbox.close()


def test_the_same_records_by_one_way_and_then_another_are_one_record(intake: Intake, tmp_path: Path) -> None:
    door = Door(intake, tmp_path)
    by_http(door, RECORDS)
    for way in ("submit csv", "folder xml", "python", "sql"):
        assert "accepted" not in WAYS[way](door, RECORDS), way


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (WaysInSettings(folder={"RS": Path("nowhere")}), "is no folder"),
        (WaysInSettings(sql={"RS": SqlTableSettings(url=SecretStr("what"))}), "no address of a database"),
        (WaysInSettings(sql={"RS": SqlTableSettings(url=SecretStr("nosql://x/y"))}), "install the driver"),
    ],
)
def test_a_way_in_that_cannot_be_is_said_at_start(intake: Intake, settings: WaysInSettings, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        looking_workers(settings, {"RS": intake}, Observer())


def test_ways_in_of_members_that_another_process_serves_are_its_own(intake: Intake) -> None:
    settings = WaysInSettings(folder={"BA": Path("nowhere")}, sql={"BA": SqlTableSettings(url=SecretStr("what"))})
    assert looking_workers(settings, {"RS": intake}, Observer()) == []
