"""Which files of an installation are in whose backup. It changes when an installation keeps another file.

Not in any backup, because it comes back from Kafka: the regional view, traces, decisions and receipts; inboxes, and
what desks have said. Not in any backup, because it is nobody's: logs, addresses, the local stack's servers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from interfocal.backup.manifest import What
from interfocal.backup.rows import OF_DESK, OF_REGION, Kept
from interfocal.installation.installation import Places
from interfocal.installation.settings import NESTED, SECRETS_FOLDER, SETTINGS_FILE
from schemas.topics import REGION

WAYS_IN = "ways_in"
DOCUMENTS = "directories"
ROWS = "rows"
"""Folder of a backup that holds rows of the owner's database."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What belongs into one owner's backup of one kind. Paths are under the installation's folder."""

    places: Places
    owner: str
    what: What

    def shared(self) -> Sequence[Path]:
        """Files that every owner of an installation needs: put back only where they are not there."""
        if self.what is What.SECRETS:
            return [path for path in self._files(self.places.var / SECRETS_FOLDER) if self._may_know(path)]
        trust = self.places.trust
        documents = self._files(trust.path / DOCUMENTS)
        wanted = (self.places.var / SETTINGS_FILE, trust.file, *documents, self.places.region_source, self._anchors)
        return [path for path in wanted if path.is_file()]

    def own(self) -> Sequence[Path]:
        """Files that are the owner's alone, but for its outbox, which is copied in another way."""
        if self.what is What.SECRETS:
            roots = [self.places.root_key] if self.owner == REGION and self.places.root_key.is_file() else []
            return [*self._files(self.places.secrets(self.owner)), *roots]
        if self.owner == REGION:
            return [path for path in (self.places.draft,) if path.is_file()]
        return [path for path in (self.places.member(self.owner) / "api-keys.json",) if path.is_file()]

    def outbox(self) -> Path | None:
        """The owner's outbox; None where it has none (the region's is in its database)."""
        path = self.places.outbox(self.owner)
        return path if self.what is What.DATA and self.owner != REGION and path.is_file() else None

    def rows(self) -> Sequence[Kept]:
        """What is kept of the owner's database."""
        if self.what is What.SECRETS:
            return ()
        return OF_REGION if self.owner == REGION else OF_DESK

    def in_the_way(self) -> Iterator[Path]:
        """What stands where the owner's own files are put back: it is never written over."""
        if self.what is What.SECRETS or self.owner == REGION:
            yield from self.own()
        else:
            yield from (path for path in self._files(self.places.member(self.owner)) if not self._is_secret(path))

    def may_hold(self, path: str) -> bool:
        """Whether a backup of this kind and owner can hold a file of this path."""
        member = f"members/{self.owner}"
        if self.what is What.SECRETS:
            secrets = ("region/secrets/", "root/root.pem") if self.owner == REGION else (f"{member}/secrets/",)
            return path.startswith((f"{SECRETS_FOLDER}/", *secrets))
        shared = {
            SETTINGS_FILE,
            "region/trust.json",
            "region/source.txt",
            self._anchors.relative_to(self.places.var).as_posix(),
        }
        of_member = {f"{member}/outbox.sqlite", f"{member}/api-keys.json"}
        own = {"region/directory-draft.json"} if self.owner == REGION else of_member
        kept = {f"{ROWS}/{one.file}" for one in self.rows()}
        return path.startswith(f"region/{DOCUMENTS}/") or path in shared | own | kept

    @property
    def _anchors(self) -> Path:
        """Heads of the owner's audit log: what is there knows more of the log than a backup does."""
        return self.places.audit_anchors(self.owner)

    def _may_know(self, secret: Path) -> bool:
        """Whether a secret of the settings is not another member's: its way in is named ``ways_in.<kind>.<code>``."""
        purpose, _, rest = secret.name.partition(NESTED)
        code = rest.split(NESTED)[1:2]
        return purpose != WAYS_IN or not code or code == [self.owner]

    def _is_secret(self, path: Path) -> bool:
        return path.is_relative_to(self.places.secrets(self.owner))

    @staticmethod
    def _files(folder: Path) -> Sequence[Path]:
        return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
