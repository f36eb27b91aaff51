"""One installation, opened: whom it trusts, its members, and where its parts answer.

It changes when a command needs to know another address. Nothing is trusted here but the fingerprints given by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interfocal.installation.secrets import read_secret
from interfocal.installation.settings import Settings, load_settings
from interfocal.servers import local
from interfocal.servers.urls import database_url
from interfocal.trust.kept import Kept, TrustFolder
from schemas.directory import Directory
from schemas.errors import Misconfigured
from schemas.topics import MOST_REPLICAS
from schemas.trust.chain import Expectation
from schemas.trust.keys import SigningKeys, signing_key_from_pem

OPENING_KEY = ".open.pem"


@dataclass(frozen=True, slots=True)
class Places:
    """Where files of an installation lie. Secrets have folders of their own, mode 0700."""

    var: Path

    @property
    def trust(self) -> TrustFolder:
        """The signed directory, and whom is trusted."""
        return TrustFolder(self.var / "region")

    @property
    def region_source(self) -> Path:
        """Which region folder this installation was made from (mappings, samples)."""
        return self.var / "region" / "source.txt"

    @property
    def endpoints(self) -> Path:
        """Addresses of the running processes."""
        return self.var / "endpoints.json"

    @property
    def prometheus_targets(self) -> Path:
        """The same for Prometheus."""
        return self.var / "prometheus-targets.json"

    @property
    def members(self) -> Path:
        """Where the members' folders are, and with them their outboxes."""
        return self.var / "members"

    def member(self, owner: str) -> Path:
        """A member's own folder: outbox and API keys."""
        return self.members / owner.lower()

    def secrets(self, owner: str) -> Path:
        """A member's secrets, or the region's."""
        return self.member(owner) / "secrets" if owner != "region" else self.var / "region" / "secrets"

    @property
    def root_key(self) -> Path:
        """The root that enrolment makes. Where real cases are, it is moved away at once: to no machine of these."""
        return self.var / "root" / "root.pem"

    @property
    def draft(self) -> Path:
        """The next version of the directory, as it is worked on."""
        return self.var / "region" / "directory-draft.json"

    def seal_key(self, owner: str, kid: str) -> Path:
        """The private half of one signing key."""
        return self.secrets(owner) / f"{kid}.seal.pem"

    def audit_anchors(self, owner: str) -> Path:
        """Heads of the audit log of a member's desk, or of the region's."""
        return (self.member(owner) if owner != "region" else self.var / "region") / "audit-anchors.json"

    def has_keys(self, owner: str) -> bool:
        """Whether a signing key of an owner is on this machine."""
        return any(self.secrets(owner).glob("*.seal.pem"))

    def outbox(self, owner: str) -> Path:
        """A member's outbox."""
        return self.member(owner) / "outbox.sqlite"


@dataclass(frozen=True, slots=True)
class Installation:
    """An opened installation: everything that is the same for each of its processes and commands."""

    var: Path
    settings: Settings
    kept: Kept
    bootstrap: str
    postgres_url: str

    @property
    def places(self) -> Places:
        """Where its files lie."""
        return Places(self.var)

    @property
    def directory(self) -> Directory:
        """The directory in force."""
        return self.kept.directory

    @property
    def seals(self) -> Expectation:
        """What every seal is checked against."""
        return Expectation(self.directory.region, self.kept.ring)

    @property
    def prefix(self) -> str:
        """The cluster-wide prefix of topic names."""
        return self.settings.kafka.prefix

    @property
    def region_url(self) -> str:
        """The regional database."""
        return database_url(self.postgres_url, f"{self.settings.postgres.names}_region")

    def desk_url(self, code: str) -> str:
        """The database of one member's desk."""
        owner = self.directory.member(code).owner.replace("-", "_")
        return database_url(self.postgres_url, f"{self.settings.postgres.names}_desk_{owner}")

    @property
    def owners_here(self) -> tuple[str, ...]:
        """Members of the directory with a signing key on this machine: whose sides and desks run here."""
        return tuple(filter(self.places.has_keys, self.directory.owners()))

    @property
    def desk_urls(self) -> Mapping[str, str]:
        """The databases of the desks that run here, by member code."""
        return {owner.upper(): self.desk_url(owner.upper()) for owner in self.owners_here}

    def signing_keys(self, owner: str) -> SigningKeys:
        """The private keys with which an owner may seal, those that are here; raises Misconfigured when none is."""
        known = [key for key in self.kept.ring.keys.values() if key.owner == owner]
        here = [(key, self.places.seal_key(owner, key.kid)) for key in known]
        held = tuple(
            (key, signing_key_from_pem(key.kid, owner, read_secret(path))) for key, path in here if path.exists()
        )
        if not held:
            folder = self.places.secrets(owner)
            raise Misconfigured(f"of the keys of {owner} in the directory none is in {folder}; restore its file")
        return SigningKeys(held)

    def id_key(self, owner: str) -> bytes:
        """The member's id key; raises Misconfigured when it is not here."""
        return bytes.fromhex(read_secret(self.places.secrets(owner) / "id.key").decode())


def opening_key_file(places: Places, owner: str, kid: str) -> Path:
    """The private half of one opening key."""
    return places.secrets(owner) / f"{kid}{OPENING_KEY}"


def replicas(wanted: int | None, bootstrap: str) -> int:
    """As many as are wanted, else as many as brokers are named in ``host:port,host:port``, and three at most."""
    return wanted or min(len(bootstrap.split(",")), MOST_REPLICAS)


def open_directory(var: Path) -> Directory:
    """The directory in force, checked against the roots trusted here; raises Misconfigured or Unsealed."""
    return Places(var).trust.read().directory


def directory_kept(var: Path) -> Directory | None:
    """The same; None where none was trusted yet. Raises Misconfigured or Unsealed."""
    return open_directory(var) if Places(var).trust.file.exists() else None


def open_installation(var: Path) -> Installation:
    """Open the installation under ``var``; raises Misconfigured, BrokerAway or StoreAway naming what is missing."""
    settings = load_settings(var)
    kept = Places(var).trust.read()
    bootstrap, postgres = settings.kafka.bootstrap, settings.postgres.url
    if not (bootstrap and postgres):
        stack = local.current(var)
        bootstrap, postgres = bootstrap or stack.bootstrap, postgres or stack.postgres_url
    return Installation(var, settings, kept, bootstrap, postgres)


def open_half(var: Path) -> Installation:
    """The same for whoever looks on while servers are down: an address that is not known is empty.

    Raises Misconfigured or Unsealed, as ``open_installation``.
    """
    settings, kept, written = load_settings(var), Places(var).trust.read(), local.written(var)
    bootstrap = settings.kafka.bootstrap or written.bootstrap
    return Installation(var, settings, kept, bootstrap, settings.postgres.url or written.postgres_url)
