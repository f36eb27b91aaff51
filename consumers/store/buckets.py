"""Advisory locks over what a fold reads or changes beside its own rows. It changes with the number of buckets.

Two instances that fold the two halves of a match at once would both miss it. Keys are locked by bucket, for the
server has room for some ten thousand advisory locks only.
"""

from collections.abc import Iterable
from typing import Any
from zlib import crc32

from psycopg import Connection

BUCKETS = 1024
SPACE = 0x696E7466  # first half of the advisory lock's two-part key: these locks and no others


def bucket_of(key: str) -> int:
    """The bucket of a key, 0 to 1023; the same in every process and version."""
    return crc32(key.encode("utf-8", "surrogatepass")) % BUCKETS


def lock(transaction: Connection[Any], keys: Iterable[str]) -> None:
    """Lock the buckets of all keys, in order, until the transaction ends."""
    buckets = sorted({bucket_of(key) for key in keys})
    if buckets:
        transaction.execute(
            "select pg_advisory_xact_lock(%s, bucket) from (select unnest(%s::int[]) as bucket) as wanted",
            [SPACE, buckets],
        )
