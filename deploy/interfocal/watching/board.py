"""Members, streams and processes at a glance: what ``interfocal top`` shows. It changes with what is worth a column.

Counts are of the processes that run, since each was started; what waits is read from the databases, so that it is seen
also while processes are down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from interfocal.installation.access import authority_of
from interfocal.installation.endpoints import read_endpoints
from interfocal.installation.installation import Installation
from interfocal.watching.figures import RegionFigures, StoreFigures, Waiting, asked
from interfocal.watching.figures import read_region as region_figures
from interfocal.watching.figures import read_store as store_figures
from interfocal.watching.outbox_figures import read_outbox
from interfocal.watching.scraping import Sample, Scraped, most, scrape_all, total
from schemas.errors import ExchangeError
from schemas.topics import RECORD_STREAMS, REGION, member_topic

SHOWN_STREAMS = RECORD_STREAMS
REGION_CODE = REGION.upper()


@dataclass(frozen=True, slots=True)
class StreamLine:
    """One member's stream: records accepted, events published and folded by the region, records that wait there."""

    accepted: float | None
    published: float | None
    folded: float | None
    lag: float | None


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member: since its last heartbeat, its outbox, its streams, what its desk has not folded, its quarantine.

    None is what nobody can say now.
    """

    code: str
    heartbeat_s: float | None
    outbox: Waiting | None
    streams: Mapping[str, StreamLine]
    inbox_lag: float | None
    quarantine: int | None


@dataclass(frozen=True, slots=True)
class Board:
    """All of it at one moment; ``troubles`` are sentences on what could not be read."""

    members: Sequence[MemberLine]
    processes: Sequence[Scraped]
    traces: Mapping[str, int] | None
    gaps: int | None
    paused: Sequence[str] | None
    work: int | None
    troubles: Sequence[str]


@dataclass(frozen=True, slots=True)
class Read:
    """What was read before anything is added up: samples of all processes, and figures of the region's database."""

    samples: Sequence[Sample]
    store: StoreFigures | None
    region: RegionFigures | None


def read_board(installation: Installation, at: datetime) -> Board:
    """Ask processes, the region's database and the outboxes here; what does not answer is a trouble."""
    troubles: list[str] = []
    processes = scrape_all(_endpoints(installation, troubles), authority_of(installation))
    samples = [sample for process in processes for sample in process.samples or ()]
    read = Read(samples, *_figures(installation, troubles))
    troubles += [f"{one.process} does not answer at {one.address}" for one in processes if one.samples is None]
    lines = [_member(installation, read, code, at) for code in installation.desk_urls]
    region = read.region
    return Board(
        members=lines,
        processes=processes,
        traces={state: count for state, count in region.traces.items() if count} if region else None,
        gaps=sum(read.store.gaps.values()) if read.store else None,
        paused=sorted(read.store.paused) if read.store else None,
        work=sum(waiting.count for waiting in region.work.values()) if region else None,
        troubles=troubles,
    )


def _endpoints(installation: Installation, troubles: list[str]) -> Mapping[str, Any]:
    try:
        return read_endpoints(installation.var)
    except ExchangeError as error:
        troubles.append(str(error))
        return {}


def _figures(installation: Installation, troubles: list[str]) -> tuple[StoreFigures | None, RegionFigures | None]:
    if not installation.postgres_url:
        troubles.append(f"PostgreSQL is neither up under {installation.var} nor named in the settings")
        return None, None
    try:
        return asked(installation.region_url, store_figures), asked(installation.region_url, region_figures)
    except ExchangeError as error:
        troubles.append(f"the region's database: {error}")
        return None, None


def _member(installation: Installation, read: Read, code: str, at: datetime) -> MemberLine:
    heard = read.region.heartbeats.get(code) if read.region else None
    told_s = most(read.samples, "interfocal_heartbeat_age_seconds", member=code)
    return MemberLine(
        code=code,
        heartbeat_s=max((at - heard).total_seconds(), 0.0) if heard else told_s,
        outbox=_outbox(installation, read.samples, code, at),
        streams={stream: _stream(read.samples, code, stream) for stream in SHOWN_STREAMS},
        inbox_lag=most(read.samples, "interfocal_lag_records", reader="desk", member=code, stream="inbox"),
        quarantine=_quarantined(read.store, code),
    )


def _stream(samples: Sequence[Sample], code: str, stream: str) -> StreamLine:
    of = {"member": code, "stream": stream}
    return StreamLine(
        accepted=total(samples, "interfocal_accepted_total", **of),
        published=total(samples, "interfocal_published_total", **of),
        folded=total(samples, "interfocal_folded_total", reader="region", **of),
        lag=most(samples, "interfocal_lag_records", reader="region", **of),
    )


def _outbox(installation: Installation, samples: Sequence[Sample], code: str, at: datetime) -> Waiting | None:
    """From the file where it lies here, which is there also while its producer is not; else as its producer says."""
    path = installation.places.outbox(code.lower())
    if path.exists():
        try:
            return read_outbox(path, at)
        except ExchangeError:
            return None
    rows = most(samples, "interfocal_outbox_rows", member=code)
    age_s = most(samples, "interfocal_outbox_oldest_seconds", member=code)
    return None if rows is None else Waiting(int(rows), age_s or 0.0)


def _quarantined(store: StoreFigures | None, code: str) -> int | None:
    """Entries of the member's own topics that wait in the region."""
    if store is None:
        return None
    owner = member_topic(code, "")
    return sum(waiting.count for topic, waiting in store.quarantine.items() if topic.startswith(owner))
