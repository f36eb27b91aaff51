"""W3C Trace Context: by which logs of several programs are read as one flow. It changes with that standard.

The flow's id is no trace of a firearm: it tells which piece of work an event belongs to. The header is never sealed and
never trusted; what is not of the standard's form counts as none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

TRACEPARENT = "traceparent"
MARK = "@traceparent"
"""Key under which a submitted record may carry its own, beside its fields."""

LONGEST = 256
VERSION = "00"
FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]*)?")
SAMPLED = 1
ID_DIGITS = 16

Header = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class TraceContext:
    """``trace_id``: 32 hexadecimal digits, the flow's id; ``sampled``: whether its caller records it."""

    trace_id: str
    sampled: bool = False

    def text(self, event_id: str) -> str:
        """The header of an event of this flow; its parent id is the second half of the event's id."""
        parent = event_id.replace("-", "")[-ID_DIGITS:]
        return f"{VERSION}-{self.trace_id}-{parent}-{SAMPLED if self.sampled else 0:02x}"

    def header(self, event_id: str) -> Header:
        """The same as a Kafka header."""
        return TRACEPARENT, self.text(event_id).encode()


def read_context(text: str | None) -> TraceContext | None:
    """The context that a text tells of, None for one that is not of the standard's form."""
    found = FORM.fullmatch(text) if text is not None and len(text) <= LONGEST else None
    if found is None:
        return None
    version, trace_id, parent, flags, more = found.groups()
    if version == "ff" or (version == VERSION and more) or not int(trace_id, 16) or not int(parent, 16):
        return None
    return TraceContext(trace_id, bool(int(flags, 16) & SAMPLED))


def own_context(event_id: str) -> TraceContext:
    """The context of an event that nobody gave one: a flow that is called as the event."""
    return TraceContext(event_id.replace("-", ""))


def context_in(headers: Iterable[Header]) -> TraceContext | None:
    """The context in the headers of a record, None where there is none or several."""
    said = [value for name, value in headers if name == TRACEPARENT]
    return read_context(said[0].decode("latin-1")) if len(said) == 1 and said[0] is not None else None
