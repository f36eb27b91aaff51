"""Settings of one installation: TOML file, then environment, then secrets folder. It changes with what can be set."""

import os
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from interfocal.transport.local import ADMIN
from schemas.errors import Misconfigured

SETTINGS_FILE = "interfocal.toml"
SECRETS_FOLDER = "secrets"
NESTED = "."  # of the name of a secret's file: postgres.url
PREFIX, WITHIN = "INTERFOCAL_", "__"  # of the name of a variable: INTERFOCAL_POSTGRES__URL
PLAIN_VARIABLES = frozenset(
    {
        *("INTERFOCAL_VAR", "INTERFOCAL_CACHE", "INTERFOCAL_WORKERS_OFF"),
        *("INTERFOCAL_KILL_AFTER", "INTERFOCAL_FREEZE_AFTER"),
        *("INTERFOCAL_PERSON", "INTERFOCAL_PURPOSE", "INTERFOCAL_CASE"),
    }
)
"""Variables that are no settings, though they begin as they do."""


class Purpose(BaseModel):
    """Settings of one purpose; an unknown name is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(Purpose):
    """How Kafka is reached. ``bootstrap`` empty: the local stack under ``var``.

    ``replication`` empty: as many replicas as brokers are named in ``bootstrap``, and three at most. ``admin`` is who
    provisions; its password empty: that of the local stack.
    """

    bootstrap: str = ""
    admin: str = ADMIN
    admin_password: SecretStr | None = None
    prefix: Annotated[str, Field(pattern=r"^([a-z0-9-]+\.)?$")] = ""
    replication: Annotated[int | None, Field(ge=1)] = None


class TlsSettings(Purpose):
    """Certificates, PEM: of the authorities that are believed, and with its key that with which processes serve HTTP.

    Empty: those of the local stack under ``var``.
    """

    authority: Path | None = None
    server: Path | None = None


class HttpSettings(Purpose):
    """How many requests a second each system with an API key may send to an intake, and how many at once."""

    requests_per_s: Annotated[float, Field(gt=0)] = 100.0
    at_once: Annotated[int, Field(ge=1)] = 500


class PostgresSettings(Purpose):
    """How PostgreSQL is reached. ``url`` empty: the local stack under ``var``; databases are named from ``names``."""

    url: str = ""
    names: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "interfocal"


class OutboxSettings(Purpose):
    """Bounds of a member's outbox: rows that wait, and bytes that stay free on its disk."""

    bound_rows: int = 200_000
    min_free_bytes: int = 64 * 1024 * 1024


class HeartbeatSettings(Purpose):
    """How often each member's producer says that it runs, in seconds."""

    every_s: Annotated[float, Field(ge=1, le=3600)] = 15.0


class HeadSettings(Purpose):
    """How often the region says at most which heartbeats it heard, in seconds."""

    every_s: Annotated[float, Field(ge=1, le=86_400)] = 300.0


class ReceiptSettings(Purpose):
    """After how many seconds without a receipt a sender is told that its event is not confirmed."""

    overdue_s: Annotated[float, Field(ge=1)] = 3600.0


class LoopSettings(Purpose):
    """How a consumer loop reads: records in one transaction, unusable records of one topic before it pauses.

    ``instance`` names this process among all that share its topics: restarted, it gets its own back at once. Empty: it
    is one of many, and what it had when it was killed is shared out after the session's time.
    """

    batch_records: int = 1000
    quarantine_limit: int = 100
    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,60}$")] = ""


class SqlTableSettings(Purpose):
    """A national system's outbox table (``producers/ways_in/outbox_table.sql``), and what the system is called."""

    url: SecretStr
    table: Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*\.)?[A-Za-z_][A-Za-z0-9_]*$")] = "interfocal_outbox"
    system: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,60}$")] = "sql"


class ViewSettings(Purpose):
    """How the shared view is read: where, how often, and how much by one person.

    ``url`` empty: desks read from the region process that runs here. Each read token may ask ``requests_per_s`` times a
    second, and ``at_once`` after a pause. More than ``rows_alone`` rows at once are shown only to two persons.
    """

    url: Annotated[str, Field(pattern=r"^(https?://[^\s]+)?$")] = ""
    requests_per_s: Annotated[float, Field(gt=0)] = 5.0
    at_once: Annotated[int, Field(ge=1)] = 100
    rows_alone: Annotated[int, Field(ge=0)] = 100


class WaysInSettings(Purpose):
    """What a producer process goes and looks at, by member code: watched folders, outbox tables; seconds between looks.

    A file is taken when it looks the same at two looks.
    """

    folder: dict[str, Path] = {}
    sql: dict[str, SqlTableSettings] = {}
    look_s: Annotated[float, Field(ge=0.05, le=3600)] = 2.0


class Settings(BaseSettings):
    """All settings. Environment: ``INTERFOCAL_POSTGRES__URL`` and so on; secrets: a file ``postgres.url`` and so on."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter=WITHIN,
    )

    kafka: KafkaSettings = KafkaSettings()
    tls: TlsSettings = TlsSettings()
    http: HttpSettings = HttpSettings()
    postgres: PostgresSettings = PostgresSettings()
    outbox: OutboxSettings = OutboxSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    head: HeadSettings = HeadSettings()
    receipts: ReceiptSettings = ReceiptSettings()
    loop: LoopSettings = LoopSettings()
    view: ViewSettings = ViewSettings()
    ways_in: WaysInSettings = WaysInSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over secrets over the TOML file; no .env file is read."""
        del dotenv_settings
        toml = TomlConfigSettingsSource(settings_cls, settings_cls.model_config.get("toml_file"))
        secrets = NestedSecretsSettingsSource(
            file_secret_settings, secrets_prefix="", secrets_nested_delimiter=NESTED, secrets_dir_missing="ok"
        )
        return init_settings, env_settings, secrets, toml


def load_settings(var: Path) -> Settings:
    """The settings of the installation under ``var``; raises Misconfigured naming the setting."""

    class Located(Settings):
        model_config = SettingsConfigDict(
            toml_file=var / SETTINGS_FILE,
            secrets_dir=str(var / SECRETS_FOLDER),
        )

    try:
        return Located()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{var / SETTINGS_FILE} is not readable as TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Misconfigured(f"setting {name} in {var / SETTINGS_FILE} or the environment: {first['msg']}") from error


def environment(name: str, default: str = "") -> str:
    """One variable of the environment, for the few things that are known before the settings are."""
    return os.environ.get(name, default)
