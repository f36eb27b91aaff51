"""Gaps of a log that a person has acknowledged: named still, and no longer a broken promise. It changes with gaps.

A number that was announced and an offset that Kafka gave away stay missing for good. A person says that this is known,
for exactly the span that the ledger names; a gap that grows is another one.
"""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from consumers.source import Broker, KafkaTopicReader
from interfocal.installation.enrolment import write_private
from interfocal.installation.installation import Installation
from interfocal.ledger.log import Problem, read_topic
from interfocal.wiring.desks import terms_of
from interfocal.wiring.region import region_topics, sending_topics
from schemas.errors import Misconfigured, Rejected

GAPS = ("chain_gap", "offset_not_on_log")
"""Problems that can be acknowledged: everything else can be mended."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A gap, who acknowledged it (a mark, no name), and when."""

    gap: Problem
    by: str
    at: datetime

    def as_json(self) -> dict[str, str]:
        """The same for a file or another program."""
        return {"code": self.gap.code, "where": self.gap.where, "by": self.by, "at": self.at.isoformat()}


def read_acknowledged(path: Path) -> Sequence[Acknowledged]:
    """Every acknowledgement; none where the file is not there. Raises Misconfigured for a file that is not ours."""
    if not path.exists():
        return ()
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return [_acknowledged(one) for one in said["acknowledged"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured(f"{path} holds no acknowledgements as this program writes them") from error


def acknowledge(installation: Installation, one: Acknowledged) -> bool:
    """Keep an acknowledgement; False when it was given before.

    Raises Rejected where the ledger does not name that gap now, BrokerAway.
    """
    path = installation.places.acknowledged
    known = read_acknowledged(path)
    if any(earlier.gap == one.gap for earlier in known):
        return False
    named = gaps_now(installation, one.gap.where.split(" ", 1)[0])
    if one.gap not in named:
        told = "; ".join(f"{gap.code} {gap.where!r}" for gap in named) or "none"
        raise Rejected(f"the ledger names no gap {one.gap.code} {one.gap.where!r}; of that topic it names: {told}")
    text = json.dumps({"acknowledged": [given.as_json() for given in (*known, one)]}, indent=2, ensure_ascii=False)
    write_private(path, text.encode() + b"\n")
    return True


def gaps_now(installation: Installation, topic: str) -> Sequence[Problem]:
    """The gaps that the ledger finds on one topic; raises Rejected for a topic that is none of this installation's."""
    if topic not in {*region_topics(installation), *sending_topics(installation)}:
        raise Rejected(f"{topic} is no topic of this region: give the gap as `interfocal ledger verify` names it")
    with closing(KafkaTopicReader(Broker(installation.bootstrap, "ledger", installation.prefix))) as reader:
        found = read_topic(reader, topic, reader.bounds([topic])[topic].end, terms_of(installation))
    return [problem for problem in found.problems if problem.code in GAPS]


def _acknowledged(said: dict[str, Any]) -> Acknowledged:
    return Acknowledged(Problem(said["code"], said["where"]), said["by"], datetime.fromisoformat(said["at"]))
