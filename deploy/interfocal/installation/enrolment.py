"""Makes the keys of an exercise installation, and signs its directory. It changes when members bring own keys.

Everything is kept if it is there already: enrolling twice changes nothing.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from interfocal.clock import random_bytes, random_token
from interfocal.installation.installation import Places, open_directory, read_secret
from interfocal.installation.region_folder import DIRECTORY_FILE, RegionFolder
from schemas.directory import DIRECTORY_TYPE, Directory, Key
from schemas.errors import Misconfigured
from schemas.events.ids import id_key_check
from schemas.topics import REGION, check_member_code
from schemas.trust.documents import sign_document
from schemas.trust.keys import (
    SigningKey,
    directory_key,
    signing_key_from_pem,
    signing_key_from_seed,
    signing_key_pem,
    thumbprint,
)

KEY_LIFE = timedelta(days=730)
DIRECTORY_LIFE = timedelta(days=365)
SEED_BYTES = 32
ID_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Enrols everybody of a region's folder under ``var`` at one moment."""

    var: Path
    folder: RegionFolder
    at: datetime

    @property
    def places(self) -> Places:
        """Where its files go."""
        return Places(self.var)

    def run(self) -> Directory:
        """Keys, API keys, the signed directory and the trust in its root; raises Misconfigured."""
        if self.places.directory.exists():
            return open_directory(self.var)
        template = self.folder.template
        members = [self._member(entry) for entry in template.get("members", [])]
        root = self._signing_key("root", self.var / "region" / "secrets" / "root.pem")
        try:
            directory = Directory.model_validate(
                {
                    **template,
                    "version": 1,
                    "issued_at": self.at,
                    "expires_at": self.at + DIRECTORY_LIFE,
                    "members": members,
                    "region_keys": [self._seal_key(REGION)],
                }
            )
        except ValidationError as error:
            raise Misconfigured(f"{self.folder.path / DIRECTORY_FILE}: {error}") from error
        write_private(self.places.directory, self._sign(directory, root))
        trust = {"region": directory.region, "roots": [thumbprint(root.raw_public)]}
        write_private(self.places.trust, json.dumps(trust).encode())
        write_private(self.places.region_source, str(self.folder.path.resolve()).encode())
        return directory

    def _member(self, entry: dict[str, Any]) -> dict[str, Any]:
        owner = check_member_code(str(entry.get("code", "")).lower())
        if entry.get("observer"):
            return entry
        secrets = self.places.secrets(owner)
        id_key = keep_secret(secrets / "id.key", random_bytes(ID_KEY_BYTES).hex().encode())
        self._api_key(owner)
        check = id_key_check(bytes.fromhex(id_key.decode()))
        return {**entry, "id_key_check": check, "keys": [self._seal_key(owner)]}

    def _seal_key(self, owner: str) -> Key:
        key = self._signing_key(owner, self.places.secrets(owner) / "seal.pem")
        start = int(self.at.timestamp())
        return directory_key(key.public(start, start + int(KEY_LIFE.total_seconds())))

    def _signing_key(self, owner: str, path: Path) -> SigningKey:
        kid = f"{owner}.1"
        fresh = signing_key_pem(signing_key_from_seed(kid, owner, random_bytes(SEED_BYTES)))
        return signing_key_from_pem(kid, owner, keep_secret(path, fresh))

    def _api_key(self, owner: str) -> None:
        """One API key for the member's own desk and command line; the producer knows its hash only."""
        token = keep_secret(self.places.secrets(owner) / "api.key", random_token().encode())
        digest = hashlib.sha256(token).hexdigest()
        keys = {"keys": [{"id": "1", "system": "desk", "sha256": digest, "revoked_at": None}]}
        write_private(self.places.member(owner) / "api-keys.json", json.dumps(keys, indent=2).encode())

    @staticmethod
    def _sign(directory: Directory, root: SigningKey) -> bytes:
        payload = directory.model_dump_json(exclude_defaults=False).encode()
        return sign_document(payload, DIRECTORY_TYPE, root)


def keep_secret(path: Path, fresh: bytes) -> bytes:
    """The secret in a file, mode 0600 in a folder of mode 0700; ``fresh`` is written if there is none yet."""
    if not path.exists():
        write_private(path, fresh)
    return read_secret(path)


def write_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
