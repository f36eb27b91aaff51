"""A producer process watches what its settings name."""

import threading
from pathlib import Path

import pytest

from intake_cases import ROW, written_mapping
from interfocal.clock import now
from interfocal.installation.access import password_file
from interfocal.installation.enrolment import Enrolment
from interfocal.installation.installation import Places, open_installation
from interfocal.installation.region_folder import open_region
from interfocal.installation.secrets import keep_secret
from interfocal.installation.settings import SETTINGS_FILE
from interfocal.transport.local import LocalTrust
from interfocal.wiring.producer import wire_producer
from producers.outbox.reading import open_read_only

DIRECTORY = """
region = "test"
title = "Test"
exercise = true
[[members]]
code = "RS"
name = "Serbia"
[[members]]
code = "BA"
name = "Bosnia and Herzegovina"
"""


@pytest.fixture
def var(tmp_path: Path) -> Path:
    region, made = tmp_path / "region", tmp_path / "var"
    (region / "mappings").mkdir(parents=True)
    (region / "directory.toml").write_text(DIRECTORY, encoding="utf-8")
    written_mapping(region / "mappings")
    Enrolment(made, open_region(region), now()).run()
    (tmp_path / "export").mkdir()
    servers = '[kafka]\nbootstrap = "localhost:1"\n[postgres]\nurl = "postgresql://localhost:1/x"\n'
    LocalTrust.under(made).settle([])
    for principal in ("rs.producer", "ba.producer"):
        keep_secret(password_file(Places(made), principal), b"a password")
    ways_in = f'[ways_in]\nlook_s = 0.05\nfolder = {{ rs = "{tmp_path}/export" }}\n'
    (made / SETTINGS_FILE).write_text(servers + ways_in, encoding="utf-8")
    return made


def test_a_file_in_a_members_folder_reaches_that_members_outbox(var: Path, tmp_path: Path) -> None:
    process = wire_producer(open_installation(var), ["RS", "BA"])
    (worker,) = [worker for worker in process.workers if worker.name.startswith("folder")]
    assert (worker.name, worker.concern) == ("folder-rs", "RS")
    line = ";".join({**ROW, "BROJ": "C-41377"}.values())
    (tmp_path / "export" / "zaplene.csv").write_bytes(f"{';'.join(ROW)}\n{line}".encode("cp1250"))
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    while (tmp_path / "export" / "zaplene.csv").exists():
        stop.wait(0.02)
    stop.set()
    thread.join()
    process.close()
    rows = [[row.draft.topic for row in open_read_only(Places(var).outbox(owner)).all_rows()] for owner in ("rs", "ba")]
    assert rows == [["rs.seizure"], []]
