"""What is not in Kafka is copied whole and put back as it was; what was changed, or is in the way, is refused."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from consumers.store.connection import connector
from consumers.store.outbox import RegionOutbox
from interfocal.backup.manifest import FILE
from interfocal.clock import now
from interfocal.commands.main import run
from interfocal.installation.installation import Places, open_installation
from interfocal.limits import EXERCISE_NOTICE
from interfocal.member.recovering import recover_member
from interfocal.stack import drop_database
from producers.outbox import open_read_only
from sealing import an_id
from small_records import ASKED, ASKER
from small_region import SmallRegion

OWNER = ASKER.lower()


@pytest.fixture
def small(settled: SmallRegion, tmp_path: Path) -> Iterator[SmallRegion]:
    with settled.copy(tmp_path) as copied:
        yield copied


def command(capsys: pytest.CaptureFixture[str], var: Path, *words: str) -> tuple[int, str]:
    """The exit code, and what is said."""
    code = run([*words, "--var", str(var)])
    told = capsys.readouterr()
    return code, told.out + told.err


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def kept(small: SmallRegion, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Path]:
    """Both backups of a member, and both of the region."""
    folders = {}
    for name, words in {
        "member": ["--as", ASKER],
        "member secrets": ["--as", ASKER, "--secrets"],
        "region": [],
        "region secrets": ["--secrets"],
    }.items():
        folders[name] = tmp_path / "backups" / name.replace(" ", "-")
        assert command(capsys, small.installation.var, "backup", str(folders[name]), *words)[0] == 0
    return folders


OF_DESK = ("told_quarantine", "discarded", "acknowledged_offsets", "audit_entry")
OF_REGION = ("region_outbox", "decided", "chain_gap", "acknowledged_offsets", "audit_entry", "read_token")
SHARED = {"interfocal.toml", "region/directories/1.jws", "region/trust.json", "region/source.txt"}


def test_each_backup_holds_its_part_and_keys_are_apart(kept: dict[str, Path]) -> None:
    member = f"members/{OWNER}"
    assert files_of(kept["member"]) == {
        *(*SHARED, f"{member}/audit-anchors.json", f"{member}/outbox.sqlite", f"{member}/api-keys.json"),
        *(f"rows/{table}.copy" for table in OF_DESK),
        FILE,
    }
    assert files_of(kept["member secrets"]) == {
        *(f"{member}/secrets/{name}" for name in ("id.key", f"{OWNER}.1.seal.pem", "api.key", "read.token")),
        *(f"{member}/secrets/{OWNER}.{name}" for name in ("open.1.open.pem", "desk.password", "producer.password")),
        FILE,
    }
    assert files_of(kept["region"]) == {
        *(*SHARED, "region/audit-anchors.json"),
        *(f"rows/{table}.copy" for table in OF_REGION),
        FILE,
    }
    assert files_of(kept["region secrets"]) == {
        *("region/secrets/region.1.seal.pem", "region/secrets/reader.password", "root/root.pem"),
        *(f"region/secrets/region.{user}.password" for user in ("process", "operator")),
        FILE,
    }


def test_no_member_takes_along_the_secrets_of_another(
    small: SmallRegion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = small.installation.var / "secrets"
    secrets.mkdir(mode=0o700)
    own = {f"ways_in.sql.{OWNER}.url", f"ways_in.folder.{OWNER}"}
    for name in (*own, f"ways_in.sql.{ASKED.lower()}.url", "ways_in.look_s"):
        (secrets / name).write_text("1", encoding="utf-8")
        (secrets / name).chmod(0o600)
    found = {}
    for name, words in {"member": ["--as", ASKER], "region": []}.items():
        folder = tmp_path / name
        assert command(capsys, small.installation.var, "backup", str(folder), "--secrets", *words)[0] == 0
        found[name] = {path.name for path in (folder / "secrets").iterdir()}
    assert found == {"member": own | {"ways_in.look_s"}, "region": {"ways_in.look_s"}}


def test_only_its_owner_can_read_a_backup(kept: dict[str, Path]) -> None:
    for folder in kept.values():
        for path in (folder, *folder.rglob("*")):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_backup_tells_where_the_keys_are_and_what_it_holds(
    small: SmallRegion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = command(capsys, small.installation.var, "backup", str(tmp_path / "b"), "--as", ASKER)
    assert code == 0
    assert f"--as {ASKER} --secrets" in told
    assert f"members/{OWNER}/outbox.sqlite" in told
    run(["backup", str(tmp_path / "c"), "--as", ASKER, "--json", "--var", str(small.installation.var)])
    as_json = json.loads(capsys.readouterr().out)
    assert (as_json["limits"], as_json["owner"], as_json["what"]) == ([EXERCISE_NOTICE], OWNER, "data")
    assert all(len(file["sha256"]) == 64 for file in as_json["files"])


def test_a_member_is_put_back_into_an_empty_folder_and_goes_on(
    small: SmallRegion, kept: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    var = tmp_path / "new"
    code, told = command(capsys, var, "restore", str(kept["member secrets"]))
    assert code == 0
    code, told = command(capsys, var, "restore", str(kept["member"]))
    assert code == 0
    assert f"interfocal producer recover --as {ASKER}" in told
    before, after = (revisions(Places(v).outbox(OWNER)) for v in (small.installation.var, var))
    assert before == after
    assert before
    for path in (p for p in var.rglob("*") if p.is_file()):
        assert path.stat().st_mode & 0o077 == 0
        assert (
            path.read_bytes() == (small.installation.var / path.relative_to(var)).read_bytes() or "outbox" in path.name
        )
    again = tmp_path / "again"
    run(["restore", str(kept["member"]), "--json", "--var", str(again)])
    as_json = json.loads(capsys.readouterr().out)
    assert (as_json["limits"], as_json["owner"]) == ([EXERCISE_NOTICE], OWNER)
    assert as_json["kept"] == ["rows/audit_entry.copy", "rows/told_quarantine.copy"]  # the desk's database is at work
    assert set(as_json["written"]) == files_of(again)
    recovered = recover_member(open_installation(var), ASKER)
    assert {topic.life for topic in recovered.topics} == {None}


def revisions(path: Path) -> list[str]:
    outbox = open_read_only(path)
    try:
        return [one.event_id for one in outbox.all_revisions()]
    finally:
        outbox.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a bit": lambda folder: flip(folder / "members" / OWNER / "outbox.sqlite"),
    "a file is gone": lambda folder: (folder / "region" / "trust.json").unlink(),
    "a file more": lambda folder: (folder / "interfocal.toml.bak").write_text("x"),
    "a link": lambda folder: link(folder / "interfocal.toml"),
    "no manifest": lambda folder: (folder / FILE).unlink(),
    "half a manifest": lambda folder: (folder / FILE).write_bytes((folder / FILE).read_bytes()[:100]),
    "a path that leads out": lambda folder: rename_in_manifest(folder, "../interfocal.toml"),
    "an absolute path": lambda folder: rename_in_manifest(folder, "/etc/interfocal.toml"),
    "another's file": lambda folder: rename_in_manifest(folder, "members/bb/outbox.sqlite", move=True),
    "a key among the data": lambda folder: rename_in_manifest(folder, f"members/{OWNER}/secrets/id.key", move=True),
    "another owner": lambda folder: change_manifest(folder, owner="../x"),
    "a later format": lambda folder: change_manifest(folder, format=2),
    "a later layout": lambda folder: change_manifest(folder, outbox_layout=99),
    "later tables": lambda folder: change_manifest(folder, database=["9999_later"]),
}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def link(path: Path) -> None:
    real = path.rename(path.parent.parent / "elsewhere.toml")
    path.symlink_to(real)


def change_manifest(folder: Path, **changes: Any) -> None:
    said = json.loads((folder / FILE).read_text(encoding="utf-8"))
    (folder / FILE).write_text(json.dumps(said | changes), encoding="utf-8")


def rename_in_manifest(folder: Path, name: str, *, move: bool = False) -> None:
    said = json.loads((folder / FILE).read_text(encoding="utf-8"))
    (file,) = [file for file in said["files"] if file["path"] == "interfocal.toml"]
    file["path"] = name
    change_manifest(folder, files=said["files"])
    if move:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "interfocal.toml").rename(folder / name)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_backup_that_is_not_as_it_was_written_is_refused_and_nothing_is_put_back(
    kept: dict[str, Path], tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    DAMAGES[damage](kept["member"])
    var = tmp_path / "new"
    code, told = command(capsys, var, "restore", str(kept["member"]))
    assert code == 2, told
    assert not var.exists()
    assert files_of(tmp_path / "backups" / "member-secrets")


def test_what_is_there_already_is_never_written_over(
    small: SmallRegion, kept: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("member", "member secrets", "region secrets"):
        code, told = command(capsys, small.installation.var, "restore", str(kept[name]))
        assert code == 2
        assert "is there already" in told
    left_over = tmp_path / "new" / "members" / OWNER / "outbox.sqlite-wal"
    left_over.parent.mkdir(parents=True)
    left_over.write_bytes(b"the log of another outbox")
    code, told = command(capsys, tmp_path / "new", "restore", str(kept["member"]))
    assert code == 2
    assert str(left_over) in told
    assert files_of(tmp_path / "new") == {f"members/{OWNER}/outbox.sqlite-wal"}


def test_files_that_several_owners_share_stay_as_they_are(
    small: SmallRegion, kept: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    var = small.installation.var
    shutil.rmtree(Places(var).member(OWNER))
    settings = (var / "interfocal.toml").read_text(encoding="utf-8") + "\n[outbox]\nbound_rows = 7\n"
    (var / "interfocal.toml").write_text(settings, encoding="utf-8")
    code, told = command(capsys, var, "restore", str(kept["member"]))
    assert code == 0
    assert "there already, left as it is: interfocal.toml" in told
    assert (var / "interfocal.toml").read_text(encoding="utf-8") == settings
    assert revisions(Places(var).outbox(OWNER))


def test_a_folder_of_another_region_is_refused(
    kept: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = Places(tmp_path / "new").trust.file
    trust.parent.mkdir(parents=True)
    trust.write_text('{"region": "another", "roots": []}', encoding="utf-8")
    code, told = command(capsys, tmp_path / "new", "restore", str(kept["member"]))
    assert code == 2
    assert "trusts the region 'another'" in told


def test_a_folder_that_holds_something_is_not_backed_up_into(
    small: SmallRegion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")
    code, told = command(capsys, small.installation.var, "backup", str(tmp_path), "--as", ASKER)
    assert code == 2
    assert "name a new folder" in told
    assert (tmp_path / "note.txt").exists()


def test_a_region_folder_that_is_not_here_is_named(
    kept: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    var = tmp_path / "new"
    Places(var).region_source.parent.mkdir(parents=True)
    Places(var).region_source.write_text("/nowhere/region", encoding="utf-8")
    code, told = command(capsys, var, "restore", str(kept["member"]))
    assert code == 0
    assert "put the region's folder at /nowhere/region" in told


UNSENT = """
insert into region_outbox (after_row, topic, event_id, key, value, headers, life, seq, seal)
values (null, 'region.decision', '{decision}', 'key', '\\x0102', '[["a", "00ff"]]', 1, 77, '\\x09');
insert into region_outbox (after_row, topic, event_id, key, value, headers)
select row_id, 'region.inbox.bb', '{delivery}', 'key', '\\x03', '[]' from region_outbox where event_id = '{decision}';
insert into decided (kind, subject, hop, cause, decision_id) values ('routing', 'unsent', 1, 'unsent', '{decision}')
"""


def test_decisions_that_were_not_sent_wait_again_in_a_database_made_anew(
    small: SmallRegion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation = small.installation
    with psycopg.connect(installation.region_url) as connection:
        connection.execute(UNSENT.format(decision=an_id("decision"), delivery=an_id("delivery")).encode())
    folder = tmp_path / "region-backup"
    assert command(capsys, installation.var, "backup", str(folder))[0] == 0
    code, told = command(capsys, installation.var, "restore", str(folder))
    assert (code, "is not empty" in told) == (2, True)
    drop_database(installation.postgres_url, installation.region_url.rsplit("/", 1)[1])
    code, told = command(capsys, installation.var, "restore", str(folder))
    assert code == 0, told
    assert small.rows(
        installation.region_url,
        "select row.event_id, before.event_id, row.seal is null, row.headers from region_outbox as row"
        " left join region_outbox as before on before.row_id = row.after_row order by row.row_id",
    ) == [
        (an_id("decision"), None, True, [["a", "00ff"]]),
        (an_id("delivery"), an_id("decision"), True, []),
    ]
    assert small.rows(installation.region_url, "select subject, decision_id from decided") == [
        ("unsent", an_id("decision"))
    ]
    with closing(RegionOutbox(connector(installation.region_url, "test"), now)) as outbox:
        assert outbox.seal_waiting(10, lambda draft, _link, _seq: draft.event_id.encode()) == 1


def test_a_restore_that_fails_in_the_database_leaves_no_file(
    small: SmallRegion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation = small.installation
    with psycopg.connect(installation.region_url) as connection:
        connection.execute(UNSENT.format(decision=an_id("decision"), delivery=an_id("delivery")).encode())
    folder, var = tmp_path / "region-backup", tmp_path / "new"
    assert command(capsys, installation.var, "backup", str(folder))[0] == 0
    code, told = command(capsys, var, "restore", str(folder))  # the database is there, and at work
    assert (code, "is not empty" in told) == (2, True)
    assert files_of(var) == set()


def test_the_backup_of_a_member_that_has_nothing_is_refused(
    small: SmallRegion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(Places(small.installation.var).member(ASKED.lower()))
    code, told = command(capsys, small.installation.var, "backup", str(tmp_path / "b"), "--as", ASKED)
    assert code == 2
    assert "nothing to back up" in told
    assert not (tmp_path / "b" / FILE).exists()
