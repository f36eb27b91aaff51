"""Until when directory and keys let anything be sent. It changes with what else expires.

Nothing here changes while a process runs: by another directory, or another key that counts, it is wired anew.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from interfocal.process.metrics import Metrics
from interfocal.trust.kept import Kept
from schemas.topics import REGION

SOON = timedelta(days=30)
"""So long before the end people are told: the next version needs those who keep the roots."""

NEVER = 0


def expiries(kept: Kept) -> Mapping[str, int]:
    """Of each topic owner the second since 1970 from which on no key of it may seal; NEVER where none counts here."""
    ends = dict.fromkeys((*kept.directory.owners(), REGION), NEVER)
    for key in kept.ring.keys.values():
        if key.owner in ends and key.honest is None:
            ends[key.owner] = max(ends[key.owner], key.valid_until_s)
    return ends


def show_validity(metrics: Metrics, kept: Kept, owners: Iterable[str] = ()) -> None:
    """Set what a process says of its directory, and of the keys of these owners."""
    trust, ends = metrics.trust, expiries(kept)
    trust.version.set(kept.directory.version)
    trust.expires.set(kept.directory.expires_at.timestamp())
    for owner in owners:
        trust.key_expires.labels(owner.upper()).set(ends[owner])
