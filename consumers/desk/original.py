"""Checks the record inside a delivery as if the desk had read it itself. Pure.

It changes when a delivery carries more of the original. The region's seal says who delivered; only the sender's own
seal, checked here, says who speaks.
"""

from consumers.checked import CheckedEvent
from consumers.checking import Terms, check_record
from consumers.quarantine.entries import Faulty
from schemas.events.delivery import NOTICE, Delivery
from schemas.events.trace import TraceAct
from schemas.record import SEAL_HEADER, Record

OF_ANOTHER_TRACE = "original_of_another_trace"


def reason_of(reason: str) -> str:
    """Why a delivery may not take effect whose original may not, for this reason."""
    return f"original_{reason}"


def original_record(delivery: Delivery) -> Record:
    """The original as a record of its own topic."""
    original = delivery.original
    return Record(
        topic=original.topic,
        offset=original.offset,
        key=original.key.encode(),
        value=original.value,
        headers=((SEAL_HEADER, original.seal.encode()),),
    )


def check_original(delivery: Delivery, terms: Terms) -> CheckedEvent | str:
    """The original, or the reason why this delivery may not take effect."""
    checked = check_record(original_record(delivery), terms)
    if isinstance(checked, Faulty):
        return reason_of(checked.reason)
    act = checked.event
    if isinstance(act, TraceAct) and not (_of_its_trace(delivery, act) or _is_told_of_its_own(delivery, act)):
        return OF_ANOTHER_TRACE
    return checked


def _of_its_trace(delivery: Delivery, act: TraceAct) -> bool:
    return (act.requester, act.trace_id) == (delivery.requester, delivery.trace_id)


def _is_told_of_its_own(delivery: Delivery, act: TraceAct) -> bool:
    """A notice is no step of a trace: it brings its addressee's own act back."""
    return delivery.purpose == NOTICE and delivery.trace_id is None and act.member == delivery.inbox
