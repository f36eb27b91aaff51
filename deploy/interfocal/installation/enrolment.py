"""Makes the keys of a new region, and signs its directory. It changes when members that begin with it bring own keys.

Everything is kept if it is there already: enrolling twice changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from interfocal.installation.installation import Places
from interfocal.installation.region_folder import DIRECTORY_FILE, RegionFolder
from interfocal.installation.secrets import write_private
from interfocal.trust.draft import DIRECTORY_LIFE, signed
from interfocal.trust.owner_keys import OwnerKeys
from interfocal.trust.roots import keep_root
from schemas.directory import Directory
from schemas.errors import Misconfigured
from schemas.topics import REGION, check_member_code
from schemas.trust.keys import thumbprint
from schemas.trust.succession import Trust


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
        kept = self.places.trust
        if kept.file.exists():
            return kept.read().directory
        directory = self._directory()
        root = keep_root(self.places.root_key)
        write_private(self.places.region_source, str(self.folder.path.resolve()).encode())
        kept.begin(Trust(directory.region, frozenset({thumbprint(root.raw_public)})))
        return kept.take(signed(directory, [root])).directory

    def _directory(self) -> Directory:
        template = self.folder.template
        try:
            return Directory.model_validate(
                {
                    **template,
                    "version": 1,
                    "issued_at": self.at,
                    "expires_at": self.at + DIRECTORY_LIFE,
                    "members": [self._member(entry) for entry in template.get("members", [])],
                    "region_keys": [self._keys(REGION).first(self.at)],
                }
            )
        except ValidationError as error:
            raise Misconfigured(f"{self.folder.path / DIRECTORY_FILE}: {error}") from error

    def _member(self, entry: dict[str, Any]) -> dict[str, Any]:
        owner = check_member_code(str(entry.get("code", "")).lower())
        if entry.get("observer"):
            return entry
        keys = self._keys(owner)
        keys.keep_api_key()
        first = keys.first(self.at)
        made = {"keys": [first], "opening_keys": [keys.opening((), self.at, first)]}
        return {**entry, "id_key_check": keys.id_key_check(), **made}

    def _keys(self, owner: str) -> OwnerKeys:
        return OwnerKeys(self.places, str(self.folder.template.get("region", "")), owner)
