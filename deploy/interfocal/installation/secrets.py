"""Files that only their owner may read. It changes when secrets are kept in another way."""

import os
from pathlib import Path

from schemas.errors import Misconfigured

OTHERS = 0o077


def read_secret(path: Path) -> bytes:
    """A secret file; raises Misconfigured when it is missing, or others may read it."""
    try:
        mode = path.stat().st_mode & 0o777
        content = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"the secret {path} cannot be read: {error.strerror}") from error
    if mode & OTHERS:
        raise Misconfigured(f"the secret {path} may be read by others (mode {mode:04o}): chmod 0600 it")
    return content


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
