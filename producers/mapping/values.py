"""One national value becomes one value of the data set, or a problem. It changes when a rule can say more."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from typing import Any

from producers.mapping.mapping import ISO, DateFormat, Rule, VersionRule
from producers.mapping.national import folded
from schemas.rejection import Problem, problem

SHOWN_CHARACTERS = 80
NEAREST = 3
CLERKS_SIGNS = {"%d": "dd", "%m": "mm", "%Y": "yyyy", "%y": "yy", "%H": "HH", "%M": "MM", "%S": "SS", "%z": "+hh:mm"}
COMMA_NUMBER = re.compile(r"[+-]?([0-9]{1,12}|[0-9]{1,3}([. \u00a0][0-9]{3}){1,3})(,0+)?")
POINT_NUMBER = re.compile(r"[+-]?([0-9]{1,12}|[0-9]{1,3}([, \u00a0][0-9]{3}){1,3})(\.0+)?")

REWRITTEN = re.compile(
    r"[0-9]+([.,][0-9]*)?E\+[0-9]{1,3}|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}\.?( [0-9:]+)?", re.IGNORECASE
)
"""What a spreadsheet makes of a long number, and of one that it takes for a date: 1,23E+05 and 03.05.2026."""

AS_READ = ".as_read"


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a national system writes things: what its mapping says for all rules. ``at`` is when it is read, if known."""

    empty: frozenset[str]
    absent: Mapping[str, str]
    decimal_comma: bool
    zone: tzinfo
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What became of a value: the value, the reason for having none, or a problem; all None for nothing at all."""

    value: Any = None
    reason: str | None = None
    problem: Problem | None = None


NOTHING = Read()


def read(rule: Rule, text: str, spelling: Spelling, path: str) -> Read:
    """The value that a rule makes of a national text; ``path`` is the field that it is for."""
    if rule.split is None:
        return _single(rule, text, spelling, path)
    found = [_single(rule, part.strip(), spelling, path) for part in text.split(rule.split)]
    faulty = next((one for one in found if one.problem), None)
    values = [one.value for one in found if one.value is not None]
    return faulty or (Read(values) if values else next((one for one in found if one.reason), NOTHING))


def read_version(rule: VersionRule, text: str, zone: tzinfo) -> Read:
    """The national version as events carry it: text that ``sameness`` can put in order."""
    if not text or rule.kind == "text":
        return Read(text)
    if rule.kind == "integer":
        if text.isascii() and text.isdecimal():
            return Read(text.lstrip("0") or "0")
        return Read(problem=problem("malformed_number", field="national_version", value=shown(text)))
    try:
        return Read(instant_text(parse_instant(text, rule.dates, zone)[0]))
    except ValueError:
        formats = date_formats(rule.dates)
        return Read(problem=problem("malformed_date", field="national_version", value=shown(text), format=formats))


def shown(value: Any) -> str:
    """A value as a message shows it: short, and on one line."""
    text = " ".join(str(value).split())
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def nearest(value: str, choices: Mapping[str, str] | tuple[str, ...]) -> str:
    """The choices that are most like a value, for a message; the first few when none is like it."""
    by_folded = {folded(choice): choice for choice in choices}
    close = get_close_matches(folded(value), by_folded, n=NEAREST, cutoff=0.5)
    return ", ".join(by_folded[c] for c in close) or ", ".join(list(choices)[:NEAREST]) or "none"


def parse_instant(text: str, dates: tuple[DateFormat, ...], zone: tzinfo) -> tuple[datetime, DateFormat]:
    """The instant in its local time, and the format that fitted; raises ValueError when none does.

    A local time that occurs twice, as when clocks are set back, is taken as its first occurrence.
    """
    for date in dates:
        try:
            parsed = datetime.fromisoformat(text) if date.format == ISO else _digits(text, date.format)
            local = parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
            local.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        return local, date
    raise ValueError("no format fits")


def instant_text(instant: datetime) -> str:
    """An aware instant as harmonised records write it: UTC, with a Z."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def date_formats(dates: tuple[DateFormat, ...]) -> str:
    """The formats as a clerk writes them: ``dd.mm.yyyy``."""
    return " or ".join(_clerks(date.format) for date in dates)


def _clerks(pattern: str) -> str:
    for sign, plain in CLERKS_SIGNS.items():
        pattern = pattern.replace(sign, plain)
    return "yyyy-mm-ddTHH:MM" if pattern == ISO else pattern


def _digits(text: str, pattern: str) -> datetime:
    return datetime.strptime(text, pattern)  # noqa: DTZ007  # the mapping's zone is added by the caller


def _single(rule: Rule, text: str, spelling: Spelling, path: str) -> Read:
    spelled = folded(text)
    if not spelled:
        return _otherwise(rule)
    code = _code(rule, spelled)
    if code is not None:
        return Read(code)
    if spelled in spelling.empty or any(spelled == folded(one) for one in rule.empty):
        return _otherwise(rule)
    if spelled in spelling.absent:
        return _otherwise(rule) if rule.otherwise is not None else Read(reason=spelling.absent[spelled])
    return _spelled_out(rule, text, spelling, path)


def _spelled_out(rule: Rule, text: str, spelling: Spelling, path: str) -> Read:
    """What a text says that is neither in the rule's codes nor a word for nothing."""
    if rule.other is not None:
        return Read(rule.other)
    if rule.other_absent is not None:
        return Read(reason=rule.other_absent)
    if rule.codes or rule.contains:
        known = nearest(text, rule.codes)
        return Read(problem=problem("unknown_code", field=path, value=shown(text), list="the mapping", nearest=known))
    if rule.number:
        return _number(text, spelling, path)
    return _instant(rule, text, spelling, path) if rule.dates else _plain(rule, text, path)


def _plain(rule: Rule, text: str, path: str) -> Read:
    """A text as it stands, unless a spreadsheet damaged the number in it."""
    if (rule.digits is not None or path.endswith(AS_READ)) and REWRITTEN.fullmatch(text):
        return Read(problem=problem("rewritten_number", field=path, value=shown(text)))
    if rule.digits is not None and text.isdecimal() and len(text) < rule.digits:
        return Read(problem=problem("lost_zeros", field=path, value=shown(text), digits=str(rule.digits)))
    return Read(text)


def _otherwise(rule: Rule) -> Read:
    return NOTHING if rule.otherwise is None else Read(rule.otherwise)


def _code(rule: Rule, spelled: str) -> str | None:
    for spelling, code in rule.codes.items():
        if folded(spelling) == spelled:
            return code
    return next((code for text, code in rule.contains.items() if folded(text) in spelled), None)


def _number(text: str, spelling: Spelling, path: str) -> Read:
    pattern, point = (COMMA_NUMBER, ",") if spelling.decimal_comma else (POINT_NUMBER, ".")
    if not pattern.fullmatch(text):
        return Read(problem=problem("malformed_number", field=path, value=shown(text)))
    whole = text.split(point, maxsplit=1)[0]
    return Read(int(re.sub(r"[^0-9+-]", "", whole)))


def _instant(rule: Rule, text: str, spelling: Spelling, path: str) -> Read:
    try:
        local, date = parse_instant(text, rule.dates, spelling.zone)
    except ValueError:
        formats = date_formats(rule.dates)
        return Read(problem=problem("malformed_date", field=path, value=shown(text), format=formats))
    if rule.ahead_absent is not None and spelling.at is not None and local > spelling.at:
        return Read(reason=rule.ahead_absent)
    if date.precision is None:
        return Read(instant_text(local))
    offset = local.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    return Read({"at": instant_text(local), "offset_minutes": minutes, "precision": date.precision})
