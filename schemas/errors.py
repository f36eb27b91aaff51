"""The one error tree. It changes when a new kind of failure needs its own answer.

ExchangeError                    the root; retriable = False
├── Rejected                     the national record is wrong: tell its sender why
├── Undecodable                  the bytes are wrong: quarantine
│   ├── Unsealed                 no seal, a broken one, or one that is not the sender's
│   ├── UnknownSchema            the schema id is not in the catalogue
│   └── Malformed                the value is not what its schema says
├── Unusable                     the event is whole, but may not or cannot take effect: quarantine
├── NotTaken                     a signed directory that may not follow the one that is known
├── Temporary                    retriable = True: something is away, wait and try again
│   ├── BrokerAway
│   ├── StoreAway
│   └── NotInForce               no directory or key allows it now: what is accepted waits
└── Stop                         page a person
    ├── QuarantineFull           pauses its topic only
    ├── PositionLost             the log no longer holds what the store expects
    ├── TopicStands              Kafka takes nothing on one topic: it stands, the others flow
    ├── TopicAhead               the topic holds numbers that its outbox does not know
    ├── TopicBehind              the topic lacks numbers that Kafka has acknowledged
    ├── OutboxFull               the disk or the outbox's bound is reached: refuse, keep what is there
    ├── NotOurs                  a key, folder or package that belongs to somebody else
    └── Misconfigured            a setting is missing or contradicts another
"""

from collections.abc import Mapping
from typing import ClassVar


class ExchangeError(Exception):
    """Root of the tree. ``code`` is stable and machine-readable, ``parameters`` hold no personal data."""

    retriable: ClassVar[bool] = False
    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, code: str | None = None, parameters: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.parameters: dict[str, str] = dict(parameters or {})


class Rejected(ExchangeError):
    """A national record that intake does not accept; ``code`` is one of ``schemas.rejection``."""

    default_code = "rejected"


class Undecodable(ExchangeError):
    """Bytes that cannot be used; the record goes to quarantine with ``code`` as its reason."""

    default_code = "undecodable"


class Unsealed(Undecodable):
    """No seal, a broken seal, or a seal that does not cover this record."""

    default_code = "unsealed"


class UnknownSchema(Undecodable):
    """The schema id is not in the catalogue of this version of the program."""

    default_code = "unknown_schema"


class Malformed(Undecodable):
    """The value is not what its schema says."""

    default_code = "malformed"


class Unusable(ExchangeError):
    """A validly sealed event that may not take effect; it goes to quarantine with ``code``."""

    default_code = "unusable"


class NotTaken(ExchangeError):
    """A signed directory that does not take the place of the known one: everything stays as it is."""

    default_code = "directory_not_taken"


class Temporary(ExchangeError):
    """Something is away; the same call may succeed later."""

    retriable = True
    default_code = "temporary"


class BrokerAway(Temporary):
    """Kafka does not answer."""

    default_code = "broker_away"


class StoreAway(Temporary):
    """The database or the outbox's disk does not answer."""

    default_code = "store_away"


class NotInForce(Temporary):
    """Neither directory nor key allows anything to be sent or decided at this moment."""

    default_code = "not_in_force"


class Stop(ExchangeError):
    """Going on would do harm; a person has to act."""

    default_code = "stop"


class QuarantineFull(Stop):
    """A topic's share of the quarantine is used up: that topic is paused."""

    default_code = "quarantine_full"


class PositionLost(Stop):
    """The log starts after the stored position of a topic that is kept for good."""

    default_code = "position_lost"


class TopicStands(Stop):
    """Kafka takes nothing, or not this record, on the topic that ``parameters`` name: only that topic stands."""

    default_code = "topic_stands"


class TopicAhead(Stop):
    """The topic holds numbers that its outbox does not know: recover the outbox before it sends."""

    default_code = "topic_ahead"


class TopicBehind(Stop):
    """The topic lacks numbers of its outbox that Kafka has acknowledged: recover the outbox before it sends."""

    default_code = "topic_behind"


class OutboxFull(Stop):
    """The outbox reached its bound, or its disk is low: refuse new records, keep the old."""

    default_code = "outbox_full"


class NotOurs(Stop):
    """A folder, key or package that belongs to somebody else."""

    default_code = "not_ours"


class Misconfigured(Stop):
    """A setting is missing, or contradicts another."""

    default_code = "misconfigured"
