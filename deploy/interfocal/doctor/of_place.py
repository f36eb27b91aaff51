"""Checks of the place where an installation lies: settings, secrets, disks. It changes with what it needs there."""

import shutil
from collections.abc import Iterator

from interfocal.doctor import next_steps
from interfocal.doctor.finding import Finding, Subject
from interfocal.installation.settings_told import told_settings

LEAST_FREE_BYTES = 1024**3
MIB = 1024**2


def settings(subject: Subject) -> Iterator[Finding]:
    """What ``interfocal config check`` finds, secrets that others may read among it."""
    for problem in told_settings(subject.var).problems:
        command = problem.mend if problem.mend.startswith("chmod") else next_steps.CONFIG_PROBLEMS
        yield Finding("settings", problem.sentence, command)


def ways_in(subject: Subject) -> Iterator[Finding]:
    """Ways in that no member of the directory has, and folders that are not there."""
    given = subject.opened.settings.ways_in
    for code in sorted({*given.folder, *given.sql}):
        if not subject.opened.directory.has(code.upper()):
            sentence = f"settings ways_in name {code}, which is no member: nothing looks there"
            yield Finding("ways_in", sentence, next_steps.CONFIG)
    for code, path in given.folder.items():
        if not path.is_dir():
            sentence = f"the watched folder {path} of {code.upper()} is not there"
            yield Finding("ways_in", sentence, f"mkdir -p {path}", (code.upper(),))


def disks(subject: Subject) -> Iterator[Finding]:
    """Less than a gibibyte left where outboxes and servers write."""
    places = [path for path in (subject.var, subject.var / "members") if path.exists()]
    for path in places:
        free = shutil.disk_usage(path).free
        if free < LEAST_FREE_BYTES:
            yield Finding("disks", f"the disk of {path} has {free // MIB} MiB left", f"du -xsh {path}/*")
            return
