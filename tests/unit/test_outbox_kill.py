import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import dying_producer
from dying_producer import TOPIC, FileLog
from outboxes import opened
from schemas.record import SEAL_HEADER
from schemas.steps import Step
from schemas.trust.chain import verify_records
from schemas.trust.gaps import chain_gaps
from sealing import a_key, expecting

EVENTS = 7
PRODUCER_STEPS = (Step.ACCEPTED, Step.SEALED, Step.SENT, Step.ACKNOWLEDGED, Step.MARKED)


def run(folder: Path, *when: str) -> int:
    script = Path(dying_producer.__file__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(script.parent), str(script.parent.parent)))}
    command: Sequence[str] = (sys.executable, str(script), str(folder), str(EVENTS), *when)
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own script


@pytest.mark.parametrize("count", ["1", "2"])
@pytest.mark.parametrize("step", PRODUCER_STEPS)
def test_a_producer_killed_after_any_step_loses_and_reorders_nothing(tmp_path: Path, step: Step, count: str) -> None:
    assert run(tmp_path, step.value, count) == -signal.SIGKILL
    told = (tmp_path / "told").read_text().split() if (tmp_path / "told").exists() else []
    left = opened(tmp_path / "outbox.sqlite")
    kept = [row.draft.value.decode() for row in left.reading.all_rows()]
    left.close()
    assert kept[: len(told)] == told

    assert run(tmp_path) == 0

    outbox = opened(tmp_path / "outbox.sqlite")
    records = FileLog(tmp_path / "topic").topics[TOPIC]
    first = list(dict.fromkeys(record.value for record in records))
    assert first == [b"%d" % number for number in range(EVENTS)]
    seals = [verdict.seal for verdict in verify_records(records, expecting(a_key())) if verdict.seal is not None]
    assert len(seals) == len(records)
    assert not chain_gaps(seals)
    for row in outbox.reading.all_rows():
        assert row.published_offset is not None
        record = records[row.published_offset]
        assert (record.value, record.header_values(SEAL_HEADER)) == (row.draft.value, (row.seal,))
    outbox.close()
