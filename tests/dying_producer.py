"""A producer process for tests that kill it: accepts events and relays them to a topic that is a file.

Usage: dying_producer.py FOLDER EVENTS [STEP COUNT]: dies by SIGKILL right after STEP was reached COUNT times.
"""

import json
import os
import signal
import sys
from base64 import b64decode, b64encode
from pathlib import Path

from outboxes import accept, opened
from producers.relay import Relay, RelayEdges, RelayLimits
from schemas.steps import Step
from schemas.trust.sealer import sealer
from sealing import AUD, SEALED_AT, a_key, an_id, expecting, held
from twins import TwinLog, TwinPublisher, TwinReader

TOPIC = "rs.seizure"


class FileLog(TwinLog):
    """A topic that outlives the process: what is written is in the kernel's hands at once."""

    def __init__(self, path: Path) -> None:
        super().__init__([TOPIC])
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for line in path.read_text().splitlines():
            topic, key, value, headers = json.loads(line)
            named = tuple((name, b64decode(content)) for name, content in headers)
            super().write(topic, key.encode(), b64decode(value), named)

    def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> int:
        named = [(name, b64encode(content).decode()) for name, content in headers]
        line = json.dumps([topic, (key or b"").decode(), b64encode(value or b"").decode(), named])
        os.write(self._descriptor, line.encode() + b"\n")
        return super().write(topic, key, value, headers)


class Death:
    """Kills this process when a step was reached often enough."""

    def __init__(self, step: Step | None, count: int) -> None:
        self._step = step
        self._left = count

    def reached(self, step: Step) -> None:
        self._left -= step is self._step
        if step is self._step and self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, events: int, death: Death) -> None:
    outbox = opened(folder / "outbox.sqlite", reached=death.reached)
    log = FileLog(folder / "topic")
    relay = Relay(
        RelayEdges(
            outbox=outbox,
            open_publisher=lambda _: TwinPublisher(log),
            open_reader=lambda: TwinReader(log),
            sealer=sealer(held(a_key()), AUD, lambda: SEALED_AT),
            now=lambda: SEALED_AT,
            expected=expecting(a_key()),
            topics=(TOPIC,),
            check_in_force=lambda: None,
        ),
        RelayLimits(rows=2),
        reached=death.reached,
    )
    for name in map(str, range(events)):
        if outbox.reading.find_event(an_id(name)) is None:
            accept(outbox, [name])
            with (folder / "told").open("a") as told:
                told.write(f"{name}\n")
        if int(name) % 2:
            relay.run_once()
    while outbox.backlog().rows:
        relay.run_once()
    outbox.close()


if __name__ == "__main__":
    place, count, *when = sys.argv[1:]
    main(Path(place), int(count), Death(Step(when[0]), int(when[1])) if when else Death(None, 0))
