"""A member whose outbox can be lost, copied and put back, on a topic that outlives it."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from intake_cases import AT_THE_DOOR, NOW, open_intake, seizure, trace_request
from producers.intake.intake import Intake
from producers.intake.result import Result
from producers.intake.sealing import PartSealing
from producers.recover import Recovered, recover
from producers.relay import Relay, RelayEdges
from schemas.events.envelope import MemberEvent
from schemas.record import SEAL_HEADER
from schemas.topics import MEMBER_STREAMS, member_topic
from schemas.trust.chain import Expectation
from schemas.trust.keys import SigningKeys
from schemas.trust.opening import opening_key_from_seed
from schemas.trust.sealer import sealer
from schemas.wire.codec import decode
from sealing import AUD, SEALED_AT, a_key, expecting, held
from twins import TwinLog, TwinPublisher, TwinReader

TOPICS = tuple(member_topic("rs", stream) for stream in MEMBER_STREAMS)
SEIZURES = member_topic("rs", "seizure")
HEARTBEATS = member_topic("rs", "heartbeat")


SEALING = PartSealing(AUD, bytes, lambda: ("rs.open.1", opening_key_from_seed(bytes(range(32))).public_key()))


def export(*names: str, **changes: Any) -> list[dict[str, Any]]:
    """Harmonised seizures with these national ids."""
    return [seizure(national_id=name, own_reference=name, **changes) for name in names]


@dataclass
class Side:
    """The member's disk and its topics."""

    folder: Path
    log: TwinLog = field(default_factory=lambda: TwinLog(TOPICS))
    opened: Intake | None = None
    seconds: int = 0
    keys: SigningKeys = field(default_factory=lambda: held(a_key()))
    expected: Expectation = field(default_factory=lambda: expecting(a_key()))

    def clock(self) -> datetime:
        """A second later at each look."""
        self.seconds += 1
        return NOW + timedelta(seconds=self.seconds)

    @property
    def intake(self) -> Intake:
        """Its intake, as long as the file is open."""
        if self.opened is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.opened = replace(open_intake(self.folder), now=self.clock, sealing=SEALING)
        return self.opened

    def submit(self, records: Iterable[dict[str, Any]], stream: str = "seizure") -> list[Result]:
        return list(self.intake.submit(stream, list(records), AT_THE_DOOR))

    def outcomes(self, records: Iterable[dict[str, Any]], stream: str = "seizure") -> list[str]:
        return [result.outcome for result in self.submit(records, stream)]

    def ask(self, name: str) -> Result:
        return self.submit([trace_request(national_id=name, own_reference=name)], "trace")[0]

    def relay(self) -> Relay:
        return Relay(
            RelayEdges(
                outbox=self.intake.outbox,
                open_publisher=lambda _: TwinPublisher(self.log),
                open_reader=lambda: TwinReader(self.log),
                sealer=sealer(self.keys, AUD, lambda: SEALED_AT),
                now=lambda: SEALED_AT,
                expected=self.expected,
                topics=TOPICS,
                check_in_force=lambda: None,
            )
        )

    def send(self) -> None:
        assert self.relay().drain(10.0)

    def recover(self) -> Recovered:
        return recover(self.intake.outbox, TwinReader(self.log), TOPICS, self.expected, lambda: NOW)

    def close(self) -> None:
        if self.opened is not None:
            self.opened.outbox.close()
        self.opened = None

    def lose_disk(self) -> None:
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def back_up(self) -> Path:
        """A copy of the file as it is now; a lost one is made anew."""
        assert self.intake
        self.close()
        return Path(shutil.copytree(self.folder, self.folder.with_name("backup"), dirs_exist_ok=True))

    def put_back(self, backup: Path) -> None:
        self.lose_disk()
        shutil.copytree(backup, self.folder)

    def said(self, topic: str = SEIZURES) -> list[MemberEvent]:
        """Every event on a topic, in order."""
        events = [decode(record.value or b"")[1] for record in self.log.topics[topic]]
        return [event for event in events if isinstance(event, MemberEvent)]

    def seals(self, topic: str = SEIZURES) -> list[bytes]:
        return [record.header_values(SEAL_HEADER)[0] for record in self.log.topics[topic]]
