"""CloudEvents 1.0 headers (Kafka binding, binary mode) and ``traceparent``. They change with what we tell in them.

Headers are not sealed: they serve tools that look at topics. What we do goes by the sealed value alone.
"""

from collections.abc import Iterable

from schemas.errors import Unusable
from schemas.events.envelope import Event
from schemas.events.types import instant_text
from schemas.wire.traceparent import TraceContext

CONTENT_TYPE = "content-type"
HEADERS_DISAGREE = "headers_disagree"
MARK = "ce_"

Header = tuple[str, bytes]


def headers_for(event: Event, stream: str, context: TraceContext | None = None) -> tuple[Header, ...]:
    """The headers of an event on a topic that carries this stream, in a fixed order, each once."""
    said = {
        "ce_specversion": "1.0",
        "ce_id": event.event_id,
        "ce_source": f"/{event.member.lower()}/{stream}",
        "ce_type": f"interfocal.{stream}",
        "ce_time": instant_text(event.recorded_at),
        "ce_subject": event.record_id,
        CONTENT_TYPE: "application/avro",
    }
    told = tuple((name, text.encode()) for name, text in said.items())
    return told if context is None else (*told, context.header(event.event_id))


def check_headers(headers: Iterable[Header], event: Event, stream: str) -> None:
    """Raise Unusable (``headers_disagree``) if a ``ce_*`` header says another thing than the event does.

    A header that is missing, or that we never write, says nothing against the event. Names go by lower case.
    """
    ours = dict(headers_for(event, stream))
    for header, said in headers:
        name = header.lower()
        known = ours.get(name) if name.startswith(MARK) else None
        if known is not None and said != known:
            raise Unusable(
                f"header {name} says another thing than the sealed event; somebody changed it on the way",
                code=HEADERS_DISAGREE,
                parameters={"header": name},
            )
