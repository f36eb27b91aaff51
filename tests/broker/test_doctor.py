"""The doctor at a region at rest, and after one thing after another is broken there."""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from typer.testing import CliRunner

from interfocal.clock import now
from interfocal.commands.main import build_app
from interfocal.doctor.examination import examine
from interfocal.doctor.finding import Finding
from interfocal.installation.access import admin_access_of
from interfocal.installation.endpoints import write_endpoints
from interfocal.installation.settings import SETTINGS_FILE
from interfocal.provisioning.drift import Drift
from interfocal.stack import drop_database
from interfocal.trust.draft import Draft, signed
from interfocal.trust.roots import read_root
from interfocal.watching import drift
from running import until
from schemas.directory import Ending, Member
from small_region import SmallRegion

NOW_MS = "round(extract(epoch from clock_timestamp()) * 1000)"
HEARD = f"update heartbeat set at = now(), appended_ms = {NOW_MS}"
ALSO_HEARD = f"insert into heartbeat values ('BB', 'e', 's', now(), 1, 1, {NOW_MS}, '[]')"
NOBODY_ANSWERS = "http://127.0.0.1:1"


@pytest.fixture
def region(settled: SmallRegion, tmp_path: Path) -> Iterator[SmallRegion]:
    """A region of which everything that is no process is as it should be; what was in quarantine is settled."""
    with settled.copy(tmp_path) as copy:
        installation = copy.installation
        copy.change(installation.region_url, HEARD, ALSO_HEARD)
        copy.change(installation.region_url, "update quarantine set settled = 'discarded', settled_at = now()")
        write_endpoints(installation.var, {"producers": {}})
        with (installation.var / SETTINGS_FILE).open("a", encoding="utf-8") as settings:
            settings.write("\n[heartbeat]\nevery_s = 900\n")  # whoever was heard now is not late within the test
        yield copy


def found(region: SmallRegion) -> Sequence[Finding]:
    """What is wrong, but for disks: how full this machine's are is its own matter."""
    return [finding for finding in examine(region.installation.var).findings if finding.check != "disks"]


def only(region: SmallRegion) -> Finding:
    """The one thing that is wrong."""
    (finding,) = found(region)
    return finding


def test_at_a_region_at_rest_it_finds_nothing_and_leaves_nothing_out(region: SmallRegion) -> None:
    examination = examine(region.installation.var)
    assert found(region) == []
    assert examination.left_out == ()


def test_each_thing_that_waits_for_a_person_is_a_line_with_the_next_command(region: SmallRegion) -> None:
    url = region.installation.region_url
    region.change(url, "update quarantine set settled = null")
    region.change(url, "insert into chain_gap values ('aa.seizure', 'aa', 1, 3, 4, now(), null, null)")
    region.change(url, "update topic_position set paused = 'quarantine_full' where topic = 'bb.seizure'")
    told = {(finding.check, finding.command) for finding in found(region)}
    assert told == {
        ("quarantine", "interfocal quarantine list --stream seizure"),
        ("pauses", "interfocal quarantine list --stream seizure"),
        ("gaps", "interfocal ledger gaps"),
    }


def test_a_member_that_is_silent_and_one_that_was_never_heard_are_named(region: SmallRegion) -> None:
    url = region.installation.region_url
    region.change(
        url,
        "update heartbeat set at = at - interval '5 hours', appended_ms = appended_ms - 18000000 where member = 'AA'",
    )
    region.change(url, "delete from heartbeat where member = 'BB'")
    first, second = found(region)
    assert first.sentence == "no heartbeat of AA has come for 5 hours"
    assert (second.sentence, second.command) == (
        "no heartbeat of BB has come yet",
        "interfocal run producer --members BB",
    )
    assert (first.members, second.members) == (("AA",), ("BB",))


def test_a_position_that_stands_still_before_the_end_is_named_with_its_reader(region: SmallRegion) -> None:
    installation = region.installation
    region.change(installation.region_url, "update topic_position set next_offset = 0 where topic = 'bb.missing'")
    region.change(installation.desk_url("AA"), "update topic_position set next_offset = 0 where topic ~ 'inbox'")
    assert [finding.sentence for finding in found(region)] == [
        "region.inbox.aa: 2 to be folded, and the desk of AA does not fold them",
        "bb.missing: 1 to be folded, and the region does not fold them",
    ]


def test_a_row_that_waits_for_long_in_an_outbox_is_named(region: SmallRegion) -> None:
    url = region.installation.region_url
    region.change(url, "update region_outbox set published_offset = null, added_at = now() - interval '3 hours'")
    finding = only(region)
    assert finding.check == "outboxes"
    assert "that Kafka has not acknowledged, the oldest for 3 hours" in finding.sentence


def test_an_outbox_that_is_damaged_is_named_with_what_rebuilds_it(region: SmallRegion) -> None:
    region.installation.places.outbox("aa").write_bytes(b"no outbox" * 1000)
    finding = only(region)
    assert (finding.check, finding.command) == ("outboxes", "interfocal producer recover --as AA")


def test_work_that_waits_for_long_is_named(region: SmallRegion) -> None:
    region.change(
        region.installation.region_url,
        "update event set folded_at = now() - interval '5 minutes'",
        "insert into work select 'routing', event_id, 1, event_id, 'AA', 't' from event where topic = 'aa.trace'",
    )
    assert "work of kind routing: 1 to be decided, the oldest for 5 minutes" in only(region).sentence


def test_processes_that_do_not_answer_are_named_with_the_command_that_starts_them(region: SmallRegion) -> None:
    endpoints = {"producers": dict.fromkeys(("AA", "BB"), NOBODY_ANSWERS), "region": "http://127.0.0.1:2"}
    write_endpoints(region.installation.var, endpoints)
    assert [finding.command for finding in found(region)] == [
        "interfocal run producer --members AA,BB",
        "interfocal run region",
    ]


def test_a_database_that_is_gone_is_named_and_the_others_are_looked_at(region: SmallRegion) -> None:
    installation = region.installation
    drop_database(installation.postgres_url, installation.desk_url("BB").rsplit("/", 1)[1])
    region.change(installation.region_url, "delete from heartbeat where member = 'BB'")
    assert [finding.check for finding in found(region)] == ["databases", "heartbeats"]


def test_tables_of_an_earlier_version_are_named(region: SmallRegion) -> None:
    url = region.installation.desk_url("AA")
    region.change(url, "update alembic_version set version_num = '0012_traceparent' where version_num = '0021_audit'")
    finding = only(region)
    assert (finding.check, finding.command) == ("databases", "interfocal migrate")
    assert "needs newer tables" in finding.sentence


def test_a_clock_that_is_surely_wrong_is_named(region: SmallRegion) -> None:
    url = region.installation.region_url
    region.change(url, "update heartbeat set at = at + interval '2 minutes' where member = 'AA'")
    assert only(region).sentence == "the clock of AA's producer is 120 s ahead of the broker's"
    region.change(url, "update heartbeat set at = at + interval '1 hour', appended_ms = appended_ms + 3600000")
    told = " ".join(finding.sentence for finding in found(region))
    assert re.search(r"the broker's clock is 3[56]\d\d s ahead of this machine's", told)


def test_a_topic_that_is_not_as_planned_is_named(region: SmallRegion) -> None:
    installation = region.installation
    name = f"{installation.prefix}aa.heartbeat"
    admin = KafkaAdminClient(**admin_access_of(installation).settings())
    try:
        set_retention(admin, name, "604800001")  # a shorter one might take what other tests read
        finding = only(region)
        assert (finding.check, finding.command) == ("topics", "interfocal provision apply")
        assert "retention.ms is 604800001" in finding.sentence
        assert [difference.what for difference in drift.differences(installation)] == ["retention.ms"]
    finally:
        set_retention(admin, name, "604800000")
        admin.close()


def set_retention(admin: KafkaAdminClient, name: str, value: str) -> None:
    """Return when the broker tells it: a moment after it has taken it."""
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": value})])
    topic = [ConfigResource(ConfigResourceType.TOPIC, name)]
    until(
        lambda: admin.describe_configs(topic, config_filter="all")["topic"][name]["retention.ms"]["value"] == value,
        f"the retention of {name}",
    )


def test_a_difference_that_waits_for_a_person_names_the_command_that_tells_of_it(
    region: SmallRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Drift("topic", "topic_unplanned", "aa.seizures", "topic", "-", "there", "find out who made it")
    monkeypatch.setattr("interfocal.doctor.of_servers.differences", lambda _installation: (told,))
    assert only(region).command == "interfocal provision plan"


def test_settings_of_ways_in_that_nobody_has_are_named(region: SmallRegion) -> None:
    path = region.installation.var / SETTINGS_FILE
    path.write_text(path.read_text(encoding="utf-8") + '[ways_in.folder]\nzz = "/nowhere"\n', encoding="utf-8")
    sentences = [finding.sentence for finding in found(region)]
    assert sentences == [
        "settings ways_in name zz, which is no member: nothing looks there",
        "the watched folder /nowhere of ZZ is not there",
    ]


def test_secrets_that_others_may_read_are_named_with_the_command_that_mends_it(region: SmallRegion) -> None:
    key = region.installation.places.secrets("aa") / "id.key"
    key.chmod(0o644)
    assert only(region).command == f"chmod 0600 {key}"


def comes_into_force(region: SmallRegion, life: timedelta, *members: Member) -> None:
    """The next version of the directory, signed and taken here."""
    places = region.installation.places
    draft = Draft(places.draft, places.trust.read()).dated(now(), life)
    changed = draft.model_copy(update={"members": members or draft.members})
    places.trust.take(signed(changed, [read_root(places.root_key)]))


def with_key(region: SmallRegion, code: str, **changes: Any) -> Sequence[Member]:
    """The members, of whom one has its key changed."""
    members = region.installation.directory.members
    key = region.installation.directory.member(code).keys[0].model_copy(update=changes)
    return [member.model_copy(update={"keys": (key,)}) if member.code == code else member for member in members]


def test_a_directory_that_expires_soon_or_has_expired_is_named_with_the_command_that_signs_the_next(
    region: SmallRegion,
) -> None:
    root = region.installation.places.root_key
    comes_into_force(region, timedelta(days=29))
    assert "version 2 of the directory expires at" in only(region).sentence
    comes_into_force(region, timedelta(seconds=-1))
    assert "version 3 of the directory expired at" in only(region).sentence
    assert only(region).command == f"interfocal directory sign --root {root}"
    root.unlink()
    assert only(region).command == "interfocal directory sign --root FILE"


def test_the_member_is_named_whose_last_key_expires_soon(region: SmallRegion) -> None:
    soon = int((now() + timedelta(days=29)).timestamp())
    comes_into_force(region, timedelta(days=365), *with_key(region, "AA", valid_until=soon))
    finding = only(region)
    assert (finding.command, finding.members) == ("interfocal member rotate aa", ("AA",))
    assert finding.sentence.startswith("the last key of AA expires at ")


def test_a_member_whose_key_was_ended_is_named(region: SmallRegion) -> None:
    ended = Ending(at=now(), because="lost")
    comes_into_force(region, timedelta(days=365), *with_key(region, "BB", ended=ended))
    assert only(region).sentence == "no key of BB counts here, so that it can send nothing"


def test_a_key_whose_file_is_missing_is_named_where_its_owner_is_at_home(region: SmallRegion) -> None:
    places = region.installation.places
    places.seal_key("aa", "aa.1").unlink()
    assert "restore its file" in only(region).sentence


def half_down(region: SmallRegion, name: str) -> Path:
    """The installation again, with one server's address where nobody listens."""
    var = region.installation.var
    path = var / SETTINGS_FILE
    text = path.read_text(encoding="utf-8")
    server = {"kafka": region.installation.bootstrap, "postgres": region.installation.postgres_url}[name]
    instead = {"kafka": "127.0.0.1:1", "postgres": "postgresql://127.0.0.1:1/postgres"}[name]
    path.write_text(text.replace(server, instead), encoding="utf-8")
    return var


@pytest.mark.parametrize(
    ("server", "checks", "left_out"),
    [
        ("kafka", {"broker"}, {"topics", "lag"}),
        ("postgres", {"databases"}, {"clocks", "heartbeats", "lag", "quarantine", "pauses", "gaps", "lines", "work"}),
    ],
)
def test_while_a_server_is_away_the_rest_is_looked_at(
    region: SmallRegion, server: str, checks: set[str], left_out: set[str]
) -> None:
    examination = examine(half_down(region, server))
    assert {finding.check for finding in examination.findings} - {"disks"} == checks
    assert set(examination.left_out) == left_out


def run(*arguments: str) -> Any:
    return CliRunner().invoke(build_app([arguments[0]]), arguments)


def test_the_commands_end_with_0_when_nothing_is_wrong_and_with_1_when_something_is(region: SmallRegion) -> None:
    var = str(region.installation.var)
    if shutil.disk_usage(var).free > 2 * 1024**3:
        told = run("doctor", "--var", var)
        assert told.exit_code == 0, told.stdout
        assert told.stdout.startswith("Nothing is wrong: ")
    region.change(region.installation.region_url, "delete from heartbeat where member = 'BB'")
    told = run("doctor", "--json", "--var", var)
    assert told.exit_code == 1
    assert [one["check"] for one in json.loads(told.stdout)["findings"] if one["check"] != "disks"] == ["heartbeats"]


def test_top_shows_the_region_also_while_its_processes_are_away(region: SmallRegion) -> None:
    var = region.installation.var
    write_endpoints(var, {"producers": {"AA": NOBODY_ANSWERS}})
    told = json.loads(run("top", "--json", "--var", str(var)).stdout)
    assert [line["code"] for line in told["members"]] == ["AA", "BB"]
    assert told["members"][0]["outbox"] == {"count": 0, "oldest_s": 0.0}
    assert told["members"][0]["quarantine"] == 0
    assert sum(told["traces"].values()) == 1
    assert told["troubles"] == ["producer-aa does not answer at 127.0.0.1:1"]
    picture = run("top", "--once", "--var", str(half_down(region, "postgres"))).stdout
    assert "its database does not answer" in picture
