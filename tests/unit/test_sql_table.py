"""A national system's outbox table: rows in order, each told what became of it, none lost and none counted twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from intake_cases import ROW, mapping_of, open_intake, seizure
from producers.intake.intake import Intake
from producers.ways_in.observer import Observer
from producers.ways_in.sql_table import BULK_ROWS, SqlTable, outbox_table
from schemas.errors import OutboxFull, StoreAway
from sql_tables import TABLE, became, put, table_in

MAPPED = {"mapping": "rs-zaplene", "record": ROW}
PLAIN = {"stream": "seizure", "record": seizure(national_id="KU-9")}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = table_in(tmp_path)
    yield made
    made.dispose()


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    opened = open_intake(tmp_path, mapping_of(tmp_path))
    yield opened
    opened.outbox.close()


def polled(engine: Engine, intake: Intake) -> SqlTable:
    return SqlTable(engine, TABLE, intake, Observer())


def test_rows_are_handed_over_and_told_what_became_of_them(engine: Engine, intake: Intake) -> None:
    bad = {**ROW, "PREDMET": "KU-2", "VRSTA": "top"}
    put(engine, MAPPED, PLAIN, {"mapping": "rs-zaplene", "record": bad})
    told: list[str] = []
    table = SqlTable(engine, TABLE, intake, Observer(lambda _member, stream, _result: told.append(stream)))
    assert table.look() == 3
    assert became(engine) == [("accepted", 1, []), ("accepted", 1, []), ("rejected", None, ["unknown_code"])]
    assert told == ["seizure", "seizure"]
    assert table.look() == 0
    (kept,) = intake.outbox.reading.rejected(closed=False, limit=9)
    assert (kept.rejected.way, kept.rejected.row, kept.rejected.record_key) == ("sql", 3, "KU-2")


def test_two_changes_of_one_record_are_two_revisions_in_their_order(engine: Engine, intake: Intake) -> None:
    put(engine, MAPPED, {**MAPPED, "record": {**ROW, "MARKA": "CZ"}}, MAPPED)
    assert polled(engine, intake).look() == 3
    assert [(outcome, revision) for outcome, revision, _ in became(engine)] == [
        ("accepted", 1),
        ("accepted", 2),
        ("superseded", 1),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"stream": "seizure", "record": "{"}, "malformed_record"),
        ({"stream": "seizure", "record": "[1]"}, "malformed_record"),
        ({"stream": "seizure", "record": ""}, "malformed_record"),
        ({"stream": "nothing", "record": {}}, "malformed_record"),
        ({"record": {}}, "malformed_record"),
        ({"mapping": "nothing", "record": {}}, "unknown_mapping"),
        ({"stream": "seizure", "record": {}}, "missing_field"),
    ],
)
def test_a_bad_row_is_rejected_and_holds_nobody_up(
    engine: Engine, intake: Intake, row: dict[str, object], code: str
) -> None:
    put(engine, row, PLAIN)
    polled(engine, intake).look()
    bad, good = became(engine)
    assert bad[0] == "rejected"
    assert code in bad[2]
    assert good == ("accepted", 1, [])


def test_what_the_mapping_does_not_want_is_left_out(engine: Engine, intake: Intake) -> None:
    put(engine, {"mapping": "rs-zaplene", "record": {**ROW, "STATUS": "storno"}})
    polled(engine, intake).look()
    assert became(engine) == [("left_out", None, [])]


def test_numbers_keep_their_spelling(engine: Engine, intake: Intake) -> None:
    put(engine, {"mapping": "rs-zaplene", "record": '{"PREDMET": 1.50, "ORGAN": "?"}'})
    polled(engine, intake).look()
    (kept,) = intake.outbox.reading.rejected(closed=False, limit=9)
    assert kept.rejected.record["PREDMET"] == "1.50"


def test_rows_that_were_kept_but_not_marked_are_unchanged(
    engine: Engine, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, MAPPED, PLAIN)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(SqlTable, "_mark", killed)
        with pytest.raises(KeyboardInterrupt):
            polled(engine, intake).look()
    assert [outcome for outcome, *_ in became(engine)] == [None, None]
    assert polled(engine, intake).look() == 2
    assert [outcome for outcome, *_ in became(engine)] == ["unchanged", "unchanged"]
    assert len(list(intake.outbox.reading.all_rows())) == 2


def test_a_full_outbox_lets_the_rows_wait(engine: Engine, tmp_path: Path) -> None:
    small = open_intake(tmp_path, bound_rows=1)
    put(engine, PLAIN, {**PLAIN, "record": seizure(national_id="KU-10")})
    with pytest.raises(OutboxFull):
        polled(engine, small).look()
    assert [outcome for outcome, *_ in became(engine)] == [None, None]
    small.outbox.close()


def test_many_rows_go_in_bulks(engine: Engine, intake: Intake) -> None:
    put(engine, *[{"stream": "seizure", "record": seizure(national_id=str(n))} for n in range(BULK_ROWS + 1)])
    table = polled(engine, intake)
    assert [table.look(), table.look(), table.look()] == [BULK_ROWS, 1, 0]


def test_a_database_that_is_away_is_said_to_be(engine: Engine, intake: Intake) -> None:
    with pytest.raises(StoreAway, match=r"main\.nothing does not answer"):
        SqlTable(engine, outbox_table("main.nothing"), intake, Observer()).look()
