"""The outbox table on the real PostgreSQL: the documented DDL, its trigger, and rows that others hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from intake_cases import ROW, mapping_of, open_intake
from producers.intake.intake import Intake
from producers.ways_in.observer import Observer
from producers.ways_in.sql_table import SqlTable, table_ddl
from sql_tables import TABLE, became

COLUMNS = [name for name in ROW if name != "PREDMET"]
NATIONAL = f"""
CREATE TABLE case_file ("PREDMET" text PRIMARY KEY, {", ".join(f'"{name}" text' for name in COLUMNS)});
CREATE TRIGGER case_file_to_interfocal AFTER INSERT OR UPDATE ON case_file
    FOR EACH ROW EXECUTE FUNCTION interfocal_put('rs-zaplene');
"""
NEW_CASE = f"INSERT INTO case_file VALUES ({', '.join(f':{name}' for name in ROW)})"
CHANGED = """UPDATE case_file SET "MARKA" = 'CZ' WHERE "PREDMET" = 'KU-17/26'"""


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    made = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
    with made.begin() as connection:
        connection.exec_driver_sql(table_ddl())
        connection.exec_driver_sql(NATIONAL)
    yield made
    made.dispose()


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    opened = open_intake(tmp_path, mapping_of(tmp_path))
    yield opened
    opened.outbox.close()


def test_every_change_of_a_national_table_becomes_a_revision(engine: Engine, intake: Intake) -> None:
    with engine.begin() as connection:
        connection.execute(text(NEW_CASE), ROW)
        connection.execute(text(NEW_CASE), {**ROW, "PREDMET": "KU-2", "VRSTA": "top"})
        connection.exec_driver_sql(CHANGED)
    assert SqlTable(engine, TABLE, intake, Observer()).look() == 3
    assert became(engine) == [("accepted", 1, []), ("rejected", None, ["unknown_code"]), ("accepted", 2, [])]
    assert SqlTable(engine, TABLE, intake, Observer()).look() == 0


def test_rows_that_another_holds_are_skipped(engine: Engine, intake: Intake) -> None:
    with engine.begin() as connection:
        connection.execute(text(NEW_CASE), ROW)
        connection.execute(text(NEW_CASE), {**ROW, "PREDMET": "KU-2"})
    table = SqlTable(engine, TABLE, intake, Observer())
    with engine.begin() as other:
        other.exec_driver_sql("SELECT id FROM interfocal_outbox WHERE id = 1 FOR UPDATE")
        assert table.look() == 1
    assert [outcome for outcome, *_ in became(engine)] == [None, "accepted"]
    assert table.look() == 1
