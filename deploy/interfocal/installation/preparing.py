"""Makes what an installation needs before its processes start: keys, topics, databases. It changes with what that is.

Everything is made only where it is missing, so preparing again is safe and quick.
"""

import fcntl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from consumers.store.migrate import Migrated, migrate
from interfocal.clock import now, random_token
from interfocal.installation.access import admin_access_of, password_file
from interfocal.installation.enrolment import Enrolment
from interfocal.installation.installation import Installation, open_installation
from interfocal.installation.planning import plan_of
from interfocal.installation.reader import keep_desk_tokens, make_reader
from interfocal.installation.region_folder import RegionFolder
from interfocal.installation.secrets import keep_secret
from interfocal.provisioning.apply import Applied, check_startable, provision
from interfocal.servers.databases import create_database
from interfocal.trust.publishing import publish
from schemas.directory import Directory

Progress = Callable[[str], None]
AT_ONCE = 2  # topics and databases


def prepare(var: Path, folder: RegionFolder, progress: Progress) -> Installation:
    """Enrol the region, make its topics and databases; the stack must be up. Raises what the parts raise."""
    Enrolment(var, folder, now()).run()
    installation = open_installation(var)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        topics = threads.submit(make_topics, installation)
        databases = threads.submit(make_databases, installation)
        progress(f"{topics.result()} topics and {databases.result()} databases are there")
    make_reader(installation)
    keep_desk_tokens(installation)
    publish(installation, installation.places.trust.document(installation.directory.version).read_bytes())
    return installation


def provisioned(installation: Installation, directory: Directory | None = None) -> Applied:
    """Apply the plan of this installation, and keep passwords that are made. Raises what ``provision`` raises."""
    places, prefix = installation.places, installation.prefix

    def password_of(user: str) -> str:
        kept = password_file(places, user.removeprefix(prefix))
        return keep_secret(kept, random_token().encode()).decode()

    with (installation.var / "provision.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # of two at once one would keep a password, and the other set its own
        return provision(admin_access_of(installation), plan_of(installation, directory), password_of)


def make_topics(installation: Installation) -> int:
    """Every topic of ``schemas/topics.py``; returns how many there are."""
    check_startable(provisioned(installation))
    return len(plan_of(installation).topics)


def make_databases(installation: Installation) -> int:
    """The regional database, and one for each desk; returns how many there are."""
    # One after the other: Alembic keeps the migration in hand in module globals, and two threads break each other.
    make_database(installation, installation.region_url, "region")
    for url in installation.desk_urls.values():
        make_database(installation, url, "desk")
    return 1 + len(installation.desk_urls)


def make_database(installation: Installation, url: str, lineage: Literal["region", "desk"]) -> Migrated:
    """One database with the tables of this version; what was done."""
    create_database(installation.postgres_url, url.rsplit("/", 1)[1])
    return migrate(url, lineage)
