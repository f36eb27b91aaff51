"""Checks of what the servers hold: topics as planned, and clocks that agree. It changes with what is provisioned."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.clock import now
from interfocal.doctor import next_steps
from interfocal.doctor.finding import Finding, Subject
from interfocal.watching.drift import differences
from schemas.record import broker_instant

MOST_SKEW = timedelta(seconds=5)
NEXT_CLOCK = "timedatectl"
BEATS = "select member, at, appended_ms from heartbeat order by member"


def topics(subject: Subject) -> Iterator[Finding]:
    """Topics that are missing, and settings that differ from the plan."""
    for drift in differences(subject.opened):
        sentence = f"{drift.part} {drift.where}: {drift.what} is {drift.found}, and {drift.planned} is planned"
        yield Finding("topics", sentence, next_steps.PLAN if drift.person else next_steps.APPLY)


def clocks(subject: Subject) -> Iterator[Finding]:
    """Clocks that are surely wrong: nothing can be appended before it was made, or be read before it was appended."""
    with closing(Session(connector(subject.opened.region_url, "doctor"))) as session:
        before = now()
        rows = session.transact(lambda connection: connection.execute("select clock_timestamp()").fetchall())
        beats = session.transact(lambda connection: connection.execute(BEATS).fetchall())
    after = now()
    yield from _of_database(before, rows[0][0], after)
    for member, made, appended_ms in beats:
        appended = broker_instant(appended_ms)
        if made - appended > MOST_SKEW:
            ahead = _seconds(made - appended)
            sentence = f"the clock of {member}'s producer is {ahead} s ahead of the broker's"
            yield Finding("clocks", sentence, NEXT_CLOCK, (member,))
        if appended - after > MOST_SKEW:
            sentence = f"the broker's clock is {_seconds(appended - after)} s ahead of this machine's"
            yield Finding("clocks", sentence, NEXT_CLOCK)
            return


def _of_database(before: datetime, there: datetime, after: datetime) -> Iterator[Finding]:
    for skew, how in ((there - after, "ahead of"), (before - there, "behind")):
        if skew > MOST_SKEW:
            sentence = f"the clock of the database's machine is {_seconds(skew)} s {how} this machine's"
            yield Finding("clocks", sentence, NEXT_CLOCK)


def _seconds(skew: timedelta) -> int:
    return round(skew.total_seconds())
