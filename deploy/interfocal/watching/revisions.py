"""Which tables a database lacks. It changes with how migrations are written."""

from collections.abc import Iterable
from functools import cache
from typing import Literal

from alembic.config import Config
from alembic.script import ScriptDirectory

from consumers.store.migrate import PLACE, SHARED

Lineage = Literal["region", "desk"]


@cache
def all_revisions() -> dict[str, frozenset[str]]:
    """Every migration that this version of the program knows, with those that it rests on directly."""
    return {
        one.revision: frozenset(_names(one.down_revision)) | frozenset(_names(one.dependencies))
        for one in _script().walk_revisions()
    }


def lacking(revisions: Iterable[str], lineage: Lineage) -> frozenset[str]:
    """What a database lacks that stands at these revisions; nothing when it has the tables of this version."""
    heads = [str(_script().as_revision_number(f"{name}@head")) for name in (SHARED, lineage)]
    return _with_earlier(heads) - _with_earlier(revisions)


def _with_earlier(revisions: Iterable[str]) -> frozenset[str]:
    """These and all that they rest on; what this version does not know is left out."""
    waiting, found = [name for name in revisions if name in all_revisions()], set[str]()
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting += all_revisions()[name] - found
    return frozenset(found)


def _names(given: object) -> tuple[str, ...]:
    """Alembic says one revision as text, several as a tuple, and none as None."""
    return (given,) if isinstance(given, str) else tuple(map(str, given)) if isinstance(given, tuple | list) else ()


@cache
def _script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", PLACE)
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)
