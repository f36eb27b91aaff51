"""Every reason for which a record may wait in quarantine. It changes with what a record is checked for.

The set is closed, so that a reason can label a metric: what another version of the program gave is ``other``.
"""

from consumers.checking import Flaw
from consumers.desk import original
from consumers.folding import HANDLER_FAILED
from consumers.quarantine.settling import DISCARDED
from consumers.tracing import standing
from consumers.tracing.fold import REVISION_CONFLICT
from schemas.errors import Malformed, Undecodable, UnknownSchema, Unsealed, Unusable
from schemas.trust.faults import Fault
from schemas.wire.cloudevents import HEADERS_DISAGREE

OTHER = "other"
OF_THE_CODEC = frozenset(
    {
        *("truncated", "leftover_bytes", "not_canonical", "too_many_items", "unusable_character"),
        *("instant_out_of_range", "no_schema_id", "too_large", "wrong_stream", "not_avro"),
    }
)
OF_CLASSES = frozenset(kind.default_code for kind in (Malformed, Undecodable, UnknownSchema, Unsealed, Unusable))
OF_TRACING = frozenset(
    {
        REVISION_CONFLICT,
        standing.PART_DISAGREES,
        standing.NOT_THE_ASKER,
        standing.NOT_ACCOUNTABLE,
        standing.NOT_A_PARTY,
        standing.NOT_A_REQUEST_OF_ITS_TRACE,
    }
)
OF_A_RECORD = frozenset({*map(str, Fault), *map(str, Flaw), *OF_THE_CODEC, *OF_CLASSES, HEADERS_DISAGREE})
OF_ORIGINALS = frozenset({original.OF_ANOTHER_TRACE, *(original.reason_of(reason) for reason in OF_A_RECORD)})
REASONS = OF_A_RECORD | OF_TRACING | OF_ORIGINALS | {HANDLER_FAILED, DISCARDED}


def known_reason(reason: str) -> str:
    """The reason, or ``other``."""
    return reason if reason in REASONS else OTHER
