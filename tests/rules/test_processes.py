"""A process of the exchange imports what its kind is made of, and nothing else: it is smaller, and starts sooner."""

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from interfocal.commands.main import COMMANDS, files_for

IMPORTED = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps([*sys.modules]))"
OF_NO_PROCESS = (
    *("alembic", "sqlalchemy", "openpyxl", "jgo", "jinja2", "avro", "joserfc"),
    *("interfocal.stack", "interfocal.demo", "interfocal.ledger", "interfocal.doctor", "interfocal.backup"),
    *("interfocal.rebuild", "interfocal.installation.preparing", "interfocal.installation.enrolment"),
)
WAYS_IN = tuple(
    f"producers.ways_in.{name}" for name in ("files", "folder", "http", "python_call", "readers", "sql_table")
)
"""Not its bound of requests, which the reading API has too."""

OF_OTHER_KINDS = {
    "producer": ("psycopg", "httpx", "interfocal.wiring.desks", "interfocal.wiring.region", *OF_NO_PROCESS),
    "desks": (
        *("rapidfuzz", "producers.intake.intake", "producers.mapping", "producers.outbox", "producers.publisher"),
        *("consumers.view", "consumers.web", "interfocal.wiring.producer", "interfocal.wiring.region", *OF_NO_PROCESS),
    ),
    "region": (
        *("httpx", "rapidfuzz", "producers.intake", "producers.mapping", *WAYS_IN),
        *("consumers.desk.granting", "interfocal.wiring.producer", "interfocal.wiring.desks", *OF_NO_PROCESS),
    ),
}


def imported_by(module: str) -> Sequence[str]:
    done = subprocess.run([sys.executable, "-c", IMPORTED, module], capture_output=True, check=True)  # noqa: S603  # our own
    names: list[str] = json.loads(done.stdout)
    return names


@pytest.mark.parametrize("kind", OF_OTHER_KINDS)
def test_a_process_imports_nothing_that_only_other_commands_need(kind: str) -> None:
    (file,) = files_for(["run", kind, "--port", "0"])
    imported = imported_by(f"interfocal.commands.{file}")
    strange = [name for name in imported for other in OF_OTHER_KINDS[kind] if f"{name}.".startswith(f"{other}.")]
    assert strange == []


def test_every_kind_of_process_is_looked_at() -> None:
    assert {f"run {kind}" for kind in OF_OTHER_KINDS} == {words for words in COMMANDS if words.startswith("run ")}


def test_the_command_line_imports_no_command_before_it_is_called() -> None:
    imported = imported_by("interfocal.commands.main")
    assert [name for name in imported if name.startswith("interfocal.commands.")] == ["interfocal.commands.main"]
    assert {"pydantic", "kafka", "psycopg", "fastapi"}.isdisjoint(imported)
