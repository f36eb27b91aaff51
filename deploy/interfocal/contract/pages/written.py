"""Writes a site into a folder. It changes with how a folder of ours is known.

A list of what was written lies beside it: a later run takes away what it wrote before, and touches nothing else.
"""

from collections.abc import Mapping
from pathlib import Path

from schemas.errors import Misconfigured, NotOurs

LISTED = ".interfocal-pages"


def write_site(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write these files, and remove those of an earlier run that are no more.

    Raises NotOurs when the folder holds anything that no run has written, Misconfigured when it cannot be written.
    """
    try:
        before = _written_before(folder)
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        for path in before - set(files):
            (folder / path).unlink(missing_ok=True)
        (folder / LISTED).write_text("".join(f"{path}\n" for path in sorted(files)), encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{folder} cannot be written: {error.strerror}; name another folder") from error


def _written_before(folder: Path) -> set[str]:
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    listed = folder / LISTED
    if not listed.is_file():
        raise NotOurs(f"{folder} holds other files: name an empty folder, or one that an earlier run has written")
    written = {line for line in listed.read_text(encoding="utf-8").splitlines() if line}
    return {path for path in written if not Path(path).is_absolute() and ".." not in Path(path).parts}
