"""Which tables a database has, and whether they are those of this version of the program.

It changes with how migrations are written. Their files are read, not run: every process asks at each connection.
"""

import ast
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from psycopg import Connection, errors

from schemas.errors import Misconfigured

FOLDER = "consumers.store.migrations"
STORE = "store"
Revision = Mapping[str, Any]
"""What a migration says of itself: ``revision``, ``down_revision``, ``branch_labels``, ``depends_on``."""


def check_tables(connection: Connection[Any]) -> None:
    """Return only when the database has exactly the tables of this version.

    Raises Misconfigured: ``database_newer`` when another version has gone further, ``database_older`` when the database
    has yet to be migrated.
    """
    found, name = revisions_of(connection), connection.info.dbname
    unknown = sorted(found - all_revisions().keys())
    if unknown:
        raise newer(name, unknown)
    if found not in (newest("region"), newest("desk")):
        stands = f"stands at {', '.join(sorted(found))}" if found else "has no tables yet"
        raise Misconfigured(
            f"the database {name} {stands}, and this version of the program needs newer tables:"
            " run `interfocal migrate`, then start again",
            code="database_older",
            parameters={"database": name},
        )


def newer(name: str, unknown: list[str]) -> Misconfigured:
    """The error for a database that a later version of the program has migrated."""
    return Misconfigured(
        f"the database {name} was brought to {', '.join(unknown)}, which this version of the program does not know:"
        " use the version that did so, or a later one; nothing was changed",
        code="database_newer",
        parameters={"database": name},
    )


def revisions_of(connection: Connection[Any]) -> frozenset[str]:
    """The newest revisions that a database has; none where it was never migrated."""
    try:
        rows = connection.execute("select version_num from alembic_version").fetchall()
    except errors.UndefinedTable:
        return frozenset()
    return frozenset(version for (version,) in rows)


@cache
def all_revisions() -> Mapping[str, Revision]:
    """Every migration of this version, by its name."""
    found = {}
    for file in files(FOLDER).joinpath("versions").iterdir():
        if file.name.endswith(".py"):
            said = _said(file.read_text(encoding="utf-8"))
            found[str(said["revision"])] = said
    return found


@cache
def newest(lineage: str) -> frozenset[str]:
    """What stands in a database that has all tables of ``store`` and of a lineage: those that no other rests on."""
    wanted = {name for label in (STORE, lineage) for name in _line(label)}
    under = {name for one in wanted for name in _before(one)}
    return frozenset(wanted - under)


def _line(label: str) -> set[str]:
    """The migrations of a lineage: its first, and all that come after."""
    revisions = all_revisions()
    line = {name for name, said in revisions.items() if label in (said["branch_labels"] or ())}
    while more := {name for name, said in revisions.items() if said["down_revision"] in line} - line:
        line |= more
    return line


def _before(name: str) -> set[str]:
    said = all_revisions()[name]
    direct = {one for one in (said["down_revision"], said["depends_on"]) if one}
    return direct | {earlier for one in direct for earlier in _before(one)}


def _said(text: str) -> Revision:
    """What stands at the top of a migration."""
    assigned = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
    names = {"revision", "down_revision", "branch_labels", "depends_on"}
    pairs = [(target.id, node.value) for node in assigned for target in node.targets if isinstance(target, ast.Name)]
    return {name: ast.literal_eval(value) for name, value in pairs if name in names}
