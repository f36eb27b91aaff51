"""Which versions are released, and that they are as they were. It changes when a release records more.

A version is a draft until its hash is recorded; a recorded file is never edited and never removed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.resources.abc import Traversable
from itertools import groupby
from pathlib import Path

from schemas.errors import Misconfigured
from schemas.wire.catalogue import SchemaVersion
from schemas.wire.lint import Finding

RELEASED_FILE = "released.json"


def hash_of(version: SchemaVersion) -> str:
    """SHA-256 of the schema file, hexadecimal."""
    return sha256(version.text.encode()).hexdigest()


def read_released(folder: Traversable) -> Mapping[str, str]:
    """``seizure/1`` -> hash, of every released version; raises Misconfigured if the record cannot be read."""
    try:
        released = json.loads((folder / RELEASED_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"schemas/avro/{RELEASED_FILE} cannot be read: {error}; restore the file") from error
    if not isinstance(released, dict):
        raise Misconfigured(f"schemas/avro/{RELEASED_FILE} is not an object of version and hash; restore the file")
    return {str(name): str(digest) for name, digest in released.items()}


def release_findings(versions: Sequence[SchemaVersion], released: Mapping[str, str]) -> tuple[Finding, ...]:
    """Where the files are not what the release record says, or versions do not follow each other."""
    found = {version.name: version for version in versions}
    removed = [Finding("released_file_removed", name, "restore it") for name in released if name not in found]
    edited = [
        Finding("released_file_edited", name, "restore it, and make a new version")
        for name, digest in released.items()
        if name in found and hash_of(found[name]) != digest
    ]
    return (*removed, *edited, *_gaps(versions, released))


def _gaps(versions: Iterable[SchemaVersion], released: Mapping[str, str]) -> list[Finding]:
    findings = []
    ordered = sorted(versions, key=lambda version: (version.stream, version.version))
    for _, group in groupby(ordered, key=lambda version: version.stream):
        stream = list(group)
        for place, version in enumerate(stream, start=1):
            if version.version != place:
                findings.append(Finding("version_missing", version.name, f"version {place} is not there; restore it"))
            if version is not stream[-1] and version.name not in released:
                findings.append(Finding("draft_in_between", version.name, "only the last version may be a draft"))
    return findings


def record_release(folder: Path, versions: Iterable[SchemaVersion]) -> None:
    """Add the hashes of these versions to the record; whoever calls has linted and compared them."""
    added = {version.name: hash_of(version) for version in versions}
    text = json.dumps({**read_released(folder), **added}, indent=2, sort_keys=True)
    (folder / RELEASED_FILE).write_text(f"{text}\n", encoding="utf-8")
