"""What waits in a member's outbox. It changes with what an operator watches of it."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

from interfocal.watching.figures import Waiting
from producers.outbox import open_read_only

OUTBOX = "select count(*), min(accepted_at) from outbox where published_offset is null"


def read_outbox(path: Path, at: datetime) -> Waiting:
    """Rows of a member's outbox that Kafka has not acknowledged; raises StoreAway, Stop, Misconfigured."""
    with closing(open_read_only(path)) as reading:
        ((count, oldest),) = reading.shared.rows(OUTBOX)
    age_s = (at - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0.0
    return Waiting(count, max(age_s, 0.0))
