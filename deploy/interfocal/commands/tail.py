"""``interfocal tail``: look at a topic, decoded, with the verdict on each seal. It changes with what is printed.

An operator's tool: what it shows goes to its output and nowhere else.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Annotated, Any

import typer

from consumers.audit.log import Deed, Kind
from consumers.source import Broker, KafkaTopicReader
from interfocal.audit.acting import Case, Person, Purpose, Said
from interfocal.audit.logs import AuditLog
from interfocal.commands.submit import HERE, Var, printable
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation, open_installation
from interfocal.limits import limits_of, say_exercise
from interfocal.quarantine.described import meaning_of
from interfocal.tailing import USABLE, VALID, Content, Tail, Told, open_tail, read_on
from interfocal.wiring.loops import terms_of
from schemas.directory import Directory
from schemas.errors import Misconfigured, Temporary
from schemas.record import TopicBounds, TopicReader
from schemas.rights import OPERATOR
from schemas.topics import planned_topics

LAST = 10
LOOK_S, AWAY_S = 0.5, 2.0
SHOWN_ID = 8
OPAQUE = ("value", "seal")
"""Fields of a delivery's original that are shown decoded instead."""

Since = Annotated[
    str | None, typer.Option("--from", metavar="N|start|end", help="Begin there; else with the last ten records.")
]
Count = Annotated[
    int | None, typer.Option("--count", min=1, help="At most so many records; without --from the last so many.")
]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")]
Pretty = Annotated[bool, typer.Option("--pretty", help="Show the open part on lines of its own.")]
AsJsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, with every field.")]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("tail")(tail)


def tail(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="As rs.seizure, region.decision, region.inbox.rs.")],
    since: Since = None,
    count: Count = None,
    follow: Follow = False,
    pretty: Pretty = False,
    as_json: AsJsonLines = False,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """Show records of a topic: offset, time, key, event, whether the seal holds, what is missing, and the open part."""
    if pretty and as_json:
        raise Misconfigured("--pretty and --json cannot be had at once; leave one out")
    installation = open_installation(var)
    say_exercise(installation.directory)
    name = known_topic(installation, topic)
    reader = KafkaTopicReader(Broker(access_of(installation, OPERATOR), "tail", installation.prefix))
    try:
        bounds = reader.bounds([name])[name]
        typer.echo(_holding(name, bounds), err=True)
        begin = begin_at(since, count, bounds)
        acting = Said(person, purpose, case).acting(installation.directory)
        what = {"topic": name, "from": begin, "count": count, "follow": follow}
        AuditLog(installation).note(acting, Deed(Kind.CONSULTATION, what))
        opened = open_tail(reader, name, begin, bounds, terms_of(installation))
        found = followed(reader, opened) if follow else read_on(reader, opened)
        screen = Screen(installation.directory, as_json=as_json, pretty=pretty)
        for told in islice(found, count):
            screen.show(name, told)
    finally:
        reader.close()


def known_topic(installation: Installation, asked: str) -> str:
    """The topic's own name, asked for with the cluster's prefix or without; raises Misconfigured for none of ours."""
    names = [topic.name for topic in planned_topics(installation.directory.owners())]
    name = asked.removeprefix(installation.prefix)
    if name not in names:
        raise Misconfigured(f"there is no topic {asked!r} in this region; there are {', '.join(names)}")
    return name


def begin_at(since: str | None, count: int | None, bounds: TopicBounds) -> int:
    """The offset that --from and --count ask for; raises Misconfigured for what is none."""
    match since:
        case None:
            return bounds.end - (count or LAST)
        case "start":
            return bounds.start
        case "end":
            return bounds.end
        case _ if since.isascii() and since.isdecimal():
            return int(since)
        case _:
            raise Misconfigured(f"--from is an offset, start or end, and never {since!r}")


def followed(reader: TopicReader, opened: Tail, pause: Callable[[float], None] = time.sleep) -> Iterator[Told]:
    """What is there and what comes, without end; says on stderr while the broker is away, and goes on."""
    while True:
        try:
            yield from read_on(reader, opened)
            pause(LOOK_S)
        except Temporary as error:
            reader.close()
            typer.echo(f"{error}; looking again", err=True)
            pause(AWAY_S)


@dataclass(slots=True)
class Screen:
    """Prints records in one form, and a member's footnote once, after the first record that names it."""

    directory: Directory
    as_json: bool
    pretty: bool
    noted: set[str] = field(default_factory=set)

    def show(self, topic: str, told: Told) -> None:
        """Print one record."""
        whole = asdict(told)
        footnotes = self.directory.footnotes(self._named(whole))
        if self.as_json:
            shown = {"topic": topic, **whole, "limits": limits_of(self.directory), "footnotes": footnotes}
            typer.echo(json.dumps(shown, ensure_ascii=False))
            return
        for line in lines_of(told, pretty=self.pretty):
            typer.echo(line)
        for code in footnotes.keys() - self.noted:
            typer.echo(f"{code}: {footnotes[code]}")
            self.noted.add(code)

    def _named(self, whole: dict[str, Any]) -> list[str]:
        text = json.dumps(whole)
        return [one.code for one in self.directory.members if re.search(rf"\b{re.escape(one.code)}\b", text)]


def lines_of(told: Told, *, pretty: bool) -> list[str]:
    """One record for people: a line for each mark, then one line, or one and the open part below it.

    Nothing in them steers a terminal, whatever bytes the record has.
    """
    marks = [f"{'--':>7}  {mark}" for mark in told.marks]
    content = told.content
    number = f"{told.life}.{told.number}" if told.life else "-"
    event = content.event or {}
    what = f"{content.schema} revision {event['revision']}" if event else content.schema or "no event"
    ids = [f"{name} {event[f'{name}_id'][:SHOWN_ID]}" for name in ("event", "record") if event]
    key = f"key {told.key[:SHOWN_ID] if told.key else '-'}"
    told_at = told.appended_at[:19].replace("T", " ")
    line = "  ".join([f"{told.offset:>7}", told_at, key, what, *ids, f"number {number}", *_standing(content)])
    open_part = _open_part(told)
    if not pretty:
        lines = [f"{line}  {json.dumps(open_part, ensure_ascii=False)}" if open_part else line]
    else:
        shown = json.dumps(open_part, indent=2, ensure_ascii=False).splitlines() if open_part else []
        lines = [line, *(f"{'':>9}{text}" for text in shown)]
    return [*marks, *(printable(text).plain for text in lines)]


def _standing(content: Content) -> Iterator[str]:
    """Whether the seal holds, whether the event may take effect, and why not."""
    if content.seal != VALID:
        yield f"NO VALID SEAL ({content.seal}): {meaning_of(content.seal)}"
        yield f"Not readable: {content.problem}" if content.event is None else "What follows proves nothing:"
        return
    yield "seal valid"
    if content.verdict != USABLE:
        yield f"{content.verdict.upper()} ({content.reason}): {content.problem or meaning_of(content.reason or '')}"


def _open_part(told: Told) -> dict[str, Any]:
    """What the event says, without what has no value; of a delivery's original what it says, and not its bytes."""
    shown = _with_values(told.content.event or {})
    if told.original is not None:
        place = {name: value for name, value in shown["original"].items() if name not in OPAQUE}
        inner = _with_values(told.original.event or {})
        shown["original"] = {**place, "seal": told.original.seal, "event": inner}
    return dict(shown)


def _with_values(value: Any) -> Any:
    match value:
        case dict():
            kept = {name: _with_values(inner) for name, inner in value.items()}
            return {name: inner for name, inner in kept.items() if inner not in (None, [], {})}
        case list():
            return [_with_values(inner) for inner in value]
        case _:
            return value


def _holding(topic: str, bounds: TopicBounds) -> str:
    if bounds.start == bounds.end:
        return f"{topic} holds no records; the next has offset {bounds.end}."
    return f"{topic} holds offsets {bounds.start} to {bounds.end - 1}."
