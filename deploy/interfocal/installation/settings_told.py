"""What the settings of an installation are, from where each comes, and what is wrong with them.

It changes with where settings can come from. No password and no secret is ever in what it tells.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from interfocal.installation.secret_modes import loose_secrets
from interfocal.installation.secrets import OTHERS
from interfocal.installation.settings import (
    NESTED,
    PLAIN_VARIABLES,
    PREFIX,
    SECRETS_FOLDER,
    SETTINGS_FILE,
    WITHIN,
    Settings,
    load_settings,
)
from interfocal.servers.urls import without_password
from schemas.errors import Misconfigured

DEFAULT, FILE, SECRET, ENVIRONMENT = "default", "file", "secret", "environment"
MASK = "********"


@dataclass(frozen=True, slots=True)
class ToldSetting:
    """One setting: its value as it may be shown, and its source."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and what to type or mend."""

    sentence: str
    mend: str


@dataclass(frozen=True, slots=True)
class SettingsTold:
    """Every setting, and every problem; usable when there is none."""

    settings: tuple[ToldSetting, ...]
    problems: tuple[Problem, ...]


def told_settings(var: Path, environment: Mapping[str, str] | None = None) -> SettingsTold:
    """Look at everything that settings can come from; raises nothing for whatever stands there."""
    variables = dict(os.environ) if environment is None else environment
    try:
        of_file = flat(tomllib.loads((var / SETTINGS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        of_file = {}  # not there, or unreadable, which loading them tells
    sources = {
        ENVIRONMENT: {name_of(variable): text for variable, text in variables.items() if variable.startswith(PREFIX)},
        SECRET: {path.name: MASK for path in secret_files(var)},
        FILE: of_file,
    }
    return SettingsTold(tuple(_settings(sources)), tuple(_problems(var, sources)))


def leaves(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its dotted name; one that holds a mapping is one setting."""
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from leaves(type(field.default), f"{prefix}{name}{NESTED}")
        else:
            yield f"{prefix}{name}", field


def flat(given: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"a": {"b": 1}}`` -> ``{"a.b": 1}``."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        inner = flat(value, f"{prefix}{name}{NESTED}") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
        found |= inner
    return found


def name_of(variable: str) -> str:
    """``INTERFOCAL_POSTGRES__URL`` -> ``postgres.url``."""
    return variable.removeprefix(PREFIX).lower().replace(WITHIN, NESTED)


def secret_files(var: Path) -> list[Path]:
    """Files of the folder of secrets."""
    folder = var / SECRETS_FOLDER
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def shown(name: str, value: object) -> str:
    """A value without password: addresses lose theirs, and what is a secret by its kind is masked."""
    text = str(value)
    if _is_secret(name):
        return MASK
    return without_password(text) if "://" in text else text


def _settings(sources: Mapping[str, Mapping[str, Any]]) -> Iterator[ToldSetting]:
    for name, field in leaves():
        inner = sorted({one for given in sources.values() for one in given if _belongs(one, name)})
        for one in inner:
            source, given = next((source, given) for source, given in sources.items() if one in given)
            yield ToldSetting(one, shown(one, given[one]), source)
        if not inner:
            yield ToldSetting(name, str(field.default or ""), DEFAULT)


def _problems(var: Path, sources: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    try:
        load_settings(var)
    except Misconfigured as error:
        yield Problem(str(error), f"mend it in {var / SETTINGS_FILE}, the environment or {var / SECRETS_FOLDER}")
    known = [name for name, _ in leaves()]
    for source, given in sources.items():
        for name in given:
            plain = source == ENVIRONMENT and PREFIX + name.upper() in PLAIN_VARIABLES
            if not plain and not any(_belongs(name, setting) or setting.startswith(f"{name}.") for setting in known):
                yield _unused(var, source, name)
    for loose in loose_secrets(var):
        yield Problem(loose.sentence, loose.command)
    yield from _open_password(var, sources[FILE])


def _unused(var: Path, source: str, name: str) -> Problem:
    where = {
        ENVIRONMENT: f"the variable {PREFIX}{name.upper().replace(NESTED, WITHIN)}",
        SECRET: f"the file {var / SECRETS_FOLDER / name}",
        FILE: f"{name} in {var / SETTINGS_FILE}",
    }[source]
    return Problem(f"{where} is no setting: nothing reads it", "take it away, or mend its name (deploy/README.md)")


def _open_password(var: Path, of_file: Mapping[str, Any]) -> Iterator[Problem]:
    path = var / SETTINGS_FILE
    holds = [name for name, value in of_file.items() if "://" in str(value) and shown(name, value) != str(value)]
    if holds and path.stat().st_mode & OTHERS:
        yield Problem(f"{path} holds the password of {holds[0]} and may be read by others", f"chmod 0600 {path}")


def _belongs(name: str, setting: str) -> bool:
    """Whether a name is a setting, or a key of one that holds a mapping."""
    return name == setting or (setting in _mappings() and name.startswith(f"{setting}{NESTED}"))


def _mappings() -> frozenset[str]:
    return frozenset(name for name, field in leaves() if isinstance(field.default, dict))


def _is_secret(name: str) -> bool:
    """Whether the model says so: ``ways_in.sql.rs.url``."""
    for setting, field in leaves():
        inner = get_args(field.annotation)
        if _belongs(name, setting) and inner and isinstance(inner[-1], type) and issubclass(inner[-1], BaseModel):
            kinds = {key: one.annotation for key, one in inner[-1].model_fields.items()}
            return kinds.get(name.rsplit(NESTED, 1)[1]) is SecretStr
    return False
