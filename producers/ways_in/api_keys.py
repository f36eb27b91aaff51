"""Which system of which member a presented API key belongs to. It changes when a key says more than whose it is.

A member's keys are one small file, ``{"keys": [{"id", "system", "sha256", "revoked_at"}]}``, replaced as a whole; it is
read again whenever it was changed. It holds hashes only: keys are 32 random bytes, so a plain hash gives none away.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.errors import StoreAway

Stamp = tuple[int, int, int]


class ApiKey(BaseModel):
    """One key: its id, the system that it was given to, its hash, and when it was revoked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    system: str
    sha256: str
    revoked_at: datetime | None = None


class KeyFile(BaseModel):
    """All keys of a member, with those that were revoked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[ApiKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who presented a key."""

    member: str
    system: str


@dataclass(slots=True)
class KeyFiles:
    """The key files of the members that one process serves (member code -> file)."""

    paths: Mapping[str, Path]
    _read: dict[str, tuple[Stamp, KeyFile]] = field(default_factory=dict)

    def caller(self, presented: str) -> Caller | None:
        """Whose key it is; None for an unknown or revoked one. Raises StoreAway for a file that cannot be read."""
        digest = key_sha256(presented)
        found: Caller | None = None
        for member in self.paths:
            for key in self._current(member).keys:
                # Every key is compared, so that the time taken tells nothing.
                if hmac.compare_digest(key.sha256.encode(), digest.encode()) and key.revoked_at is None:
                    found = Caller(member, key.system)
        return found

    def _current(self, member: str) -> KeyFile:
        path = self.paths[member]
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
            known = self._read.get(member)
            if known is None or known[0] != stamp:
                known = (stamp, read_key_file(path))
                self._read[member] = known
        except FileNotFoundError:
            return KeyFile()
        return known[1]


def key_sha256(key: str) -> str:
    """SHA-256 of a key in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def read_key_file(path: Path) -> KeyFile:
    """The keys in a file; none when there is no file. Raises StoreAway when it is not readable."""
    try:
        return KeyFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return KeyFile()
    except (OSError, ValidationError) as error:
        raise StoreAway(f"the API keys in {path} cannot be read; restore the file ({type(error).__name__})") from error
