"""One installation, opened: whom it trusts, its members, and where its parts answer.

It changes when a command needs to know another address. Nothing is trusted here but the fingerprints given by hand.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from interfocal.installation.settings import Settings, load_settings
from interfocal.stack import supervisor
from interfocal.stack.databases import database_url
from schemas.directory import DIRECTORY_TYPE, Directory
from schemas.errors import Misconfigured
from schemas.topics import MOST_REPLICAS
from schemas.trust.documents import open_document
from schemas.trust.keys import KeyRing, SigningKey, key_ring, signing_key_from_pem


@dataclass(frozen=True, slots=True)
class Places:
    """Where files of an installation lie. Secrets have folders of their own, mode 0700."""

    var: Path

    @property
    def directory(self) -> Path:
        """The signed directory."""
        return self.var / "region" / "directory.jws"

    @property
    def trust(self) -> Path:
        """Region id and root fingerprints, given by hand."""
        return self.var / "region" / "trust.json"

    @property
    def region_source(self) -> Path:
        """Which region folder this installation was made from (mappings, samples)."""
        return self.var / "region" / "source.txt"

    @property
    def endpoints(self) -> Path:
        """Addresses of the running processes."""
        return self.var / "endpoints.json"

    def member(self, owner: str) -> Path:
        """A member's own folder: outbox and API keys."""
        return self.var / "members" / owner.lower()

    def secrets(self, owner: str) -> Path:
        """A member's secrets, or the region's."""
        return self.member(owner) / "secrets" if owner != "region" else self.var / "region" / "secrets"

    def outbox(self, owner: str) -> Path:
        """A member's outbox."""
        return self.member(owner) / "outbox.sqlite"


@dataclass(frozen=True, slots=True)
class Installation:
    """An opened installation: everything that is the same for each of its processes and commands."""

    var: Path
    settings: Settings
    directory: Directory
    ring: KeyRing
    bootstrap: str
    postgres_url: str

    @property
    def places(self) -> Places:
        """Where its files lie."""
        return Places(self.var)

    @property
    def prefix(self) -> str:
        """The cluster-wide prefix of topic names."""
        return self.settings.kafka.prefix

    @property
    def replication(self) -> int:
        """How many replicas its topics have."""
        return replicas(self.settings.kafka.replication, self.bootstrap)

    @property
    def region_url(self) -> str:
        """The regional database."""
        return database_url(self.postgres_url, f"{self.settings.postgres.names}_region")

    def desk_url(self, code: str) -> str:
        """The database of one member's desk."""
        owner = self.directory.member(code).owner.replace("-", "_")
        return database_url(self.postgres_url, f"{self.settings.postgres.names}_desk_{owner}")

    @property
    def desk_urls(self) -> Mapping[str, str]:
        """The desks' databases by member code."""
        return {m.code: self.desk_url(m.code) for m in self.directory.members if not m.observer}

    def signing_key(self, owner: str) -> SigningKey:
        """The private key with which an owner seals; raises Misconfigured when it is not here."""
        keys = self.directory.region_keys if owner == "region" else self.directory.member(owner).keys
        path = self.places.secrets(owner) / "seal.pem"
        if not keys:
            raise Misconfigured(f"the directory holds no key of {owner}; sign a new version that does")
        return signing_key_from_pem(keys[-1].kid, owner, read_secret(path))

    def id_key(self, owner: str) -> bytes:
        """The member's id key; raises Misconfigured when it is not here."""
        return bytes.fromhex(read_secret(self.places.secrets(owner) / "id.key").decode())


def replicas(wanted: int | None, bootstrap: str) -> int:
    """As many as are wanted, else as many as brokers are named in ``host:port,host:port``, and three at most."""
    return wanted or min(len(bootstrap.split(",")), MOST_REPLICAS)


def read_secret(path: Path) -> bytes:
    """A secret file; raises Misconfigured when it is missing, or others may read it."""
    try:
        mode = path.stat().st_mode & 0o777
        content = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"the secret {path} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise Misconfigured(f"the secret {path} may be read by others (mode {mode:04o}): chmod 0600 it")
    return content


def open_directory(var: Path) -> Directory:
    """The signed directory, checked against the roots trusted here; raises Misconfigured or Unsealed."""
    places = Places(var)
    try:
        trust = json.loads(places.trust.read_text(encoding="utf-8"))
        token = places.directory.read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"{var} holds no installation ({error.filename} is missing): run `interfocal demo`"
        ) from error
    try:
        directory = Directory.model_validate_json(open_document(token, DIRECTORY_TYPE, trust["roots"]))
    except ValidationError as error:
        raise Misconfigured(f"{places.directory} is signed, but not a directory: {error}") from error
    if directory.region != trust["region"]:
        raise Misconfigured(f"{places.directory} is of region {directory.region!r}, and {trust['region']!r} is trusted")
    return directory


def open_installation(var: Path) -> Installation:
    """Open the installation under ``var``; raises Misconfigured, BrokerAway or StoreAway naming what is missing."""
    settings = load_settings(var)
    directory = open_directory(var)
    bootstrap, postgres = settings.kafka.bootstrap, settings.postgres.url
    if not (bootstrap and postgres):
        stack = supervisor.current(var)
        bootstrap, postgres = bootstrap or stack.bootstrap, postgres or stack.postgres_url
    return Installation(var, settings, directory, key_ring(directory), bootstrap, postgres)
