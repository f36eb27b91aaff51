"""Opens an installation as far as can be, and says what cannot be opened. It changes with what an installation is."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.doctor import next_steps
from interfocal.doctor.finding import REGION_CODE, Finding, Subject
from interfocal.installation.access import access_of
from interfocal.installation.endpoints import read_endpoints
from interfocal.installation.installation import open_half
from interfocal.installation.settings import load_settings
from interfocal.provisioning.cluster import opened
from interfocal.servers.databases import connect
from interfocal.servers.state import KAFKA, StateFile
from interfocal.watching.figures import StoreFigures, read_region, read_store
from schemas.errors import ExchangeError, Misconfigured
from schemas.rights import OPERATOR

ANSWER_S = 5.0


def open_subject(var: Path) -> tuple[Subject, list[Finding]]:
    """The subject of all checks, and what is wrong with its own parts."""
    subject, found = Subject(var), []
    for step in (_installation, _servers, _broker, _databases, _endpoints):
        subject, more = step(subject)
        found += more
    return subject, found


def _installation(subject: Subject) -> tuple[Subject, list[Finding]]:
    try:
        load_settings(subject.var)
    except Misconfigured as error:
        return subject, [Finding("settings", str(error), next_steps.CONFIG)]
    try:
        return replace(subject, installation=open_half(subject.var)), []
    except ExchangeError as error:
        return subject, [Finding("directory", str(error), next_steps.DEMO)]


def _servers(subject: Subject) -> tuple[Subject, list[Finding]]:
    services = StateFile.under(subject.var).services()
    down = [
        Finding("stack", f"{name} was started here and does not run", next_steps.UP)
        for name, s in services.items()
        if not s.up
    ]
    if subject.installation is None:
        return subject, down
    missing = {"Kafka": subject.installation.bootstrap, "PostgreSQL": subject.installation.postgres_url}
    down += [
        Finding("stack", f"{title} is neither up under {subject.var} nor named in the settings", next_steps.UP)
        for title, address in missing.items()
        if not address
    ]
    return subject, down


def _broker(subject: Subject) -> tuple[Subject, list[Finding]]:
    if subject.installation is None or not subject.installation.bootstrap:
        return subject, []
    try:
        with opened(access_of(subject.installation, OPERATOR), ANSWER_S):
            pass
    except ExchangeError as error:
        local = not subject.installation.settings.kafka.bootstrap and not _runs(subject.var, KAFKA)
        return subject, [Finding("broker", str(error), next_steps.UP if local else next_steps.STATUS)]
    return replace(subject, answers=True), []


def _databases(subject: Subject) -> tuple[Subject, list[Finding]]:
    installation = subject.installation
    if installation is None or not installation.postgres_url:
        return subject, []
    try:
        connect(installation.postgres_url).close()
    except ExchangeError as error:
        return subject, [Finding("databases", str(error), next_steps.UP)]
    stores: dict[str, StoreFigures] = {}
    found: list[Finding] = []
    for code, url in {REGION_CODE: installation.region_url, **installation.desk_urls}.items():
        try:
            with closing(Session(connector(url, "doctor"))) as session:
                stores[code] = session.transact(read_store)
                if code == REGION_CODE:
                    subject = replace(subject, region=session.transact(read_region))
        except Misconfigured as error:  # of tables of another version
            found.append(Finding("databases", str(error), next_steps.MIGRATE, _named(code)))
        except ExchangeError as error:
            sentence = f"the database {_name(url)} does not answer, or is not there ({error})"
            found.append(Finding("databases", sentence, next_steps.MIGRATE, _named(code)))
    return replace(subject, stores=stores), found


def _endpoints(subject: Subject) -> tuple[Subject, list[Finding]]:
    if subject.installation is None:
        return subject, []
    try:
        return replace(subject, endpoints=read_endpoints(subject.var)), []
    except ExchangeError as error:
        return subject, [Finding("processes", str(error), next_steps.RUN_REGION)]


def _runs(var: Path, name: str) -> bool:
    """Whether a server that was started here runs, though it may not answer."""
    return any(service.up for known, service in StateFile.under(var).services().items() if known.startswith(name))


def _name(url: str) -> str:
    return url.rsplit("/", 1)[1]


def _named(code: str) -> tuple[str, ...]:
    return () if code == REGION_CODE else (code,)
