"""Checks of the flow: who is silent, what waits where, what stands still. It changes with where records can wait."""

import time
from collections.abc import Iterator, Mapping, Sequence

from consumers.heads.own_line import witness
from consumers.source import Broker, KafkaTopicReader
from interfocal.clock import now
from interfocal.doctor import next_steps
from interfocal.doctor.finding import REGION_CODE, Finding, Subject
from interfocal.installation.access import access_of
from interfocal.watching.figures import Waiting, asked, read_store
from interfocal.watching.outbox_figures import read_outbox
from interfocal.wiring.desks import desk_topics
from interfocal.wiring.region import region_topics
from schemas.errors import ExchangeError
from schemas.rights import OPERATOR
from schemas.topics import stream_of

LATE_S = 60.0
BEATS_LATE = 4
LOOK_AGAIN_S = 2.0
SPANS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))

Place = tuple[str, str]
"""Whose database, and topic."""


def heartbeats(subject: Subject) -> Iterator[Finding]:
    """Members whose last heartbeat is older than a minute, and members that were never heard of."""
    heard = subject.region.heartbeats if subject.region else {}
    limit_s = max(LATE_S, BEATS_LATE * subject.opened.settings.heartbeat.every_s)
    for code in subject.opened.desk_urls:
        age_s = (now() - heard[code]).total_seconds() if code in heard else None
        if age_s is None or age_s > limit_s:
            since = f"for {span(age_s)}" if age_s is not None else "yet"
            sentence = f"no heartbeat of {code} has come {since}"
            yield Finding("heartbeats", sentence, next_steps.run_producer(code), (code,))


def lag(subject: Subject) -> Iterator[Finding]:
    """Topics on which records wait, and whose position does not move between two looks; pauses are told apart."""
    reader = KafkaTopicReader(Broker(access_of(subject.opened, OPERATOR), "doctor", subject.opened.prefix))
    try:
        folded = sorted({topic for code in subject.stores for topic in folded_topics(subject, code)})
        ends = {topic: bounds.end for topic, bounds in reader.bounds(folded).items()}
    finally:
        reader.close()
    first = behind(subject, ends)
    if not first:
        return
    time.sleep(LOOK_AGAIN_S)
    again = behind(subject, ends)
    for (code, topic), records in sorted(first.items()):
        if again.get((code, topic)) == records:
            reader_name = "the region" if code == REGION_CODE else f"the desk of {code}"
            process = "region" if code == REGION_CODE else "desks"
            sentence = f"{topic}: {records} to be folded, and {reader_name} does not fold them"
            yield Finding("lag", sentence, f"tail -n 20 {subject.log_of(process)}", named(code))


def behind(subject: Subject, ends: Mapping[str, int]) -> Mapping[Place, int]:
    """Records up to these ends that are not folded now, without topics that are paused."""
    found: dict[Place, int] = {}
    for code in subject.stores:
        url = subject.opened.region_url if code == REGION_CODE else subject.opened.desk_url(code)
        figures = asked(url, read_store)
        for topic in folded_topics(subject, code):
            records = ends[topic] - figures.positions.get(topic, 0)
            if records > 0 and topic not in figures.paused:
                found[code, topic] = records
    return found


def folded_topics(subject: Subject, code: str) -> Sequence[str]:
    """What a database folds."""
    if code == REGION_CODE:
        return region_topics(subject.opened)
    return desk_topics(subject.opened.directory.member(code).owner)


def outboxes(subject: Subject) -> Iterator[Finding]:
    """Rows that wait for longer than a minute, and outboxes that cannot be read."""
    for owner in subject.opened.directory.owners():
        path, code = subject.opened.places.outbox(owner), owner.upper()
        if not path.exists():
            continue  # its producer runs elsewhere
        try:
            waiting = read_outbox(path, now())
        except ExchangeError as error:
            yield Finding("outboxes", str(error), next_steps.recover(code), (code,))
            continue
        log = subject.log_of(f"producer-{owner}")
        yield from _outbox(waiting, code, f"tail -n 20 {log}" if log.exists() else next_steps.STATUS)
    if subject.region:
        yield from _outbox(subject.region.outbox, REGION_CODE, f"tail -n 20 {subject.log_of('region')}")


def quarantine(subject: Subject) -> Iterator[Finding]:
    """Entries that wait for a person, by topic."""
    for code, figures in subject.stores.items():
        for topic, waiting in sorted(figures.quarantine.items()):
            desk = "" if code == REGION_CODE else code
            sentence = f"{topic}: {waiting.count} in quarantine, the oldest for {span(waiting.oldest_s)}"
            yield Finding("quarantine", sentence, next_steps.quarantine(stream_of(topic), desk))


def pauses(subject: Subject) -> Iterator[Finding]:
    """Topics that stand still."""
    for code, figures in subject.stores.items():
        for topic, reason in sorted(figures.paused.items()):
            desk = "" if code == REGION_CODE else code
            sentence = f"{topic} is paused ({reason}): nothing of it is folded until entries are settled"
            yield Finding("pauses", sentence, next_steps.quarantine(stream_of(topic), desk))


def gaps(subject: Subject) -> Iterator[Finding]:
    """Numbers that chains lack."""
    for code, figures in subject.stores.items():
        for topic, count in sorted(figures.gaps.items()):
            command = next_steps.GAPS if code == REGION_CODE else next_steps.VERIFY
            yield Finding("gaps", f"{topic}: its chain has gaps that nobody has acknowledged ({count})", command)


def lines(subject: Subject) -> Iterator[Finding]:
    """Heads of the region that name no heartbeat which the member's desk has seen."""
    for code in subject.stores.keys() - {REGION_CODE}:
        if unknown := asked(subject.opened.desk_url(code), witness).unknown:
            sentence = f"the region heard heartbeats of {code} that its desk never saw ({len(unknown)})"
            yield Finding("lines", sentence, next_steps.LINES, (code,))


def work(subject: Subject) -> Iterator[Finding]:
    """Work that the router should have settled long ago."""
    for kind, waiting in sorted(subject.region.work.items()) if subject.region else ():
        if waiting.oldest_s > LATE_S:
            what = f"work of kind {kind}: {waiting.count} to be decided, the oldest for {span(waiting.oldest_s)}"
            yield Finding("work", what, f"grep -h not_decided {subject.log_of('region')}")


def span(seconds: float) -> str:
    """A time as people say it, in one unit: ``3 hours``."""
    unit, name = next(((unit, name) for unit, name in SPANS if seconds >= 2 * unit), SPANS[-1])
    return f"{max(round(seconds / unit), 0)} {name}"


def named(code: str) -> tuple[str, ...]:
    """The member for whose footnote a sentence asks."""
    return () if code == REGION_CODE else (code,)


def _outbox(waiting: Waiting, code: str, command: str) -> Iterator[Finding]:
    if waiting.oldest_s > LATE_S:
        since = span(waiting.oldest_s)
        sentence = f"outbox of {code}: {waiting.count} that Kafka has not acknowledged, the oldest for {since}"
        yield Finding("outboxes", sentence, command, named(code))
