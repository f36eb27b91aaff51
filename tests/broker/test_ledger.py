"""The proof holds for what happened, and fails for each single thing that is not as it must be."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from interfocal.clock import now
from interfocal.commands.main import build_app
from interfocal.ledger.verdict import Balance
from interfocal.ledger.verify import report, verify
from producers.outbox import OutboxFile
from small_records import ASKED, ASKER, a_seizure
from small_region import SmallRegion, member_parts


@pytest.fixture
def region(settled: SmallRegion, tmp_path: Path) -> Iterator[SmallRegion]:
    """A copy that the test may change."""
    with settled.copy(tmp_path) as copied:
        yield copied


def change(region: SmallRegion, *statements: str) -> None:
    """Change the regional database."""
    region.change(region.installation.region_url, *statements)


def verdict(region: SmallRegion) -> Balance:
    """What the ledger says of a region in which something is wrong."""
    found = verify(region.installation).balance
    assert not found.holds
    return found


def codes(found: Balance) -> set[str]:
    return {problem.code for problem in found.problems}


def run_command(region: SmallRegion) -> Result:
    return CliRunner().invoke(build_app(), ["ledger", "verify", "--json", "--var", str(region.installation.var)])


def test_it_holds_for_what_happened(region: SmallRegion) -> None:
    proof = verify(region.installation)
    found = proof.balance
    assert list(found.problems) == []
    assert found.holds
    assert (found.accepted, found.published, found.in_view, found.quarantined) == (4, 4, 3, 1)
    assert (found.foreign, found.waiting, list(found.lost), list(found.doubled)) == (1, 0, [], [])
    assert report(proof)["traces"] == {"opened": 1, "delivered": 1}


def test_the_command_exits_0_only_when_every_promise_holds(region: SmallRegion) -> None:
    assert run_command(region).exit_code == 0
    change(region, "delete from seizure_revision")
    failed = run_command(region)
    assert failed.exit_code == 1
    assert json.loads(failed.stdout)["lost"] == [region.events["seizure"]]


@pytest.mark.parametrize("table", ["seizure_revision", "item_revision", "mark_key"])
def test_a_view_row_that_is_deleted_is_found(region: SmallRegion, table: str) -> None:
    seizure = "select record_id from seizure_revision"
    change(region, f"delete from {table} where record_id in ({seizure})")
    found = verdict(region)
    assert list(found.lost) == [region.events["seizure"]]
    assert codes(found) == {"view_row_missing"}


def test_a_view_row_that_is_altered_is_found(region: SmallRegion) -> None:
    change(region, "update missing_revision set state = 'recovered'")
    found = verdict(region)
    assert list(found.lost) == [region.events["missing"]]
    assert codes(found) == {"view_row_missing", "view_row_unexpected"}


def test_an_act_that_is_altered_is_found(region: SmallRegion) -> None:
    change(region, "update trace_act set standing = 'out_of_turn'")
    found = verdict(region)
    assert list(found.lost) == [region.events["request"]]
    assert codes(found) == {"tracing_row_missing", "tracing_row_unexpected"}


def test_a_view_row_that_is_doubled_is_found(region: SmallRegion) -> None:
    change(
        region,
        "alter table seizure_revision drop constraint seizure_revision_pkey",
        "insert into seizure_revision select * from seizure_revision",
    )
    found = verdict(region)
    assert list(found.doubled) == [region.events["seizure"]]
    assert codes(found) == {"view_row_unexpected"}


def test_an_act_that_is_doubled_is_found(region: SmallRegion) -> None:
    change(
        region,
        "alter table trace_act drop constraint trace_act_pkey",
        "insert into trace_act select * from trace_act",
    )
    found = verdict(region)
    assert list(found.doubled) == [region.events["request"]]
    assert codes(found) == {"tracing_row_unexpected"}


def test_an_applied_row_that_is_deleted_is_found(region: SmallRegion) -> None:
    change(region, f"delete from event where event_id = '{region.events['seizure']}'")
    found = verdict(region)
    assert [(problem.code, problem.where) for problem in found.problems] == [("not_applied", "aa.seizure 0")]


def test_a_decision_that_is_doubled_is_found(region: SmallRegion) -> None:
    ((decision,),) = region.rows(region.installation.region_url, "select event_id from decision where kind = 'routing'")
    change(
        region,
        "create temporary table second as select * from decision where kind = 'routing'",
        "update second set event_id = 'second'",
        "insert into decision select * from second",
    )
    found = verdict(region)
    assert set(found.doubled) == {decision, "second"}
    assert codes(found) == {"tracing_row_unexpected"}


def test_an_inbox_row_that_is_deleted_is_found(region: SmallRegion) -> None:
    url = region.installation.desk_url(ASKED)
    ((delivery,),) = region.rows(url, "select event_id from inbox")
    region.change(url, "delete from inbox")
    found = verdict(region)
    assert [(p.code, p.where) for p in found.problems] == [("inbox_row_missing", f"{ASKED} {delivery}")]


def test_an_inbox_row_that_is_altered_is_found(region: SmallRegion) -> None:
    region.change(region.installation.desk_url(ASKED), "update inbox set own_reference = 'T-2'")
    assert codes(verdict(region)) == {"inbox_row_altered"}


def test_an_inbox_row_that_is_doubled_is_found(region: SmallRegion) -> None:
    url = region.installation.desk_url(ASKER)
    ((delivery,),) = region.rows(url, "select event_id from inbox where purpose <> 'receipt'")
    twice = "insert into inbox select * from inbox where purpose <> 'receipt'"
    region.change(url, "alter table inbox drop constraint inbox_pkey", twice)
    found = verdict(region)
    assert list(found.doubled) == [delivery]
    assert codes(found) == {"inbox_row_unexpected"}


def test_an_offset_that_was_skipped_is_found(region: SmallRegion) -> None:
    """The position went past a record that left nothing."""
    change(
        region,
        f"delete from event where event_id = '{region.events['missing']}'",
        "delete from mark_key where stream = 'missing'",
        "delete from missing_revision",
    )
    found = verdict(region)
    assert list(found.lost) == [region.events["missing"]]
    assert codes(found) == {"not_applied", "view_row_missing"}


def test_a_foreign_record_that_was_skipped_is_found(region: SmallRegion) -> None:
    change(region, "delete from quarantine where verdict = 'foreign'")
    found = verdict(region)
    assert [(problem.code, problem.where) for problem in found.problems] == [("not_in_quarantine", "bb.seizure 0")]


def test_a_quarantine_row_that_is_deleted_is_found(region: SmallRegion) -> None:
    change(region, "delete from quarantine where verdict = 'undecodable'")
    found = verdict(region)
    assert list(found.lost) == [region.events["unusable"]]
    assert codes(found) == {"not_in_quarantine", "told_but_not_quarantined"}


def test_an_outbox_row_that_is_deleted_before_sending_is_found(region: SmallRegion) -> None:
    with closing(member_parts(region.installation, ASKER)) as member:
        (event_id,) = member.submit("seizure", a_seizure("KU-2", "C-3"))
    found = verdict(region)
    assert (found.waiting, list(found.lost), codes(found)) == (1, [], set())
    delete_from_outbox(region, event_id)
    found = verdict(region)
    assert (found.waiting, list(found.lost), codes(found)) == (0, [event_id], {"not_on_log"})


def delete_from_outbox(region: SmallRegion, event_id: str) -> None:
    path = region.installation.places.outbox(ASKER.lower())
    with closing(OutboxFile.open(path, now=now, min_free_bytes=0)) as outbox, outbox.writer.writing() as transaction:
        deleted = transaction.connection.execute("delete from outbox where event_id = ?", (event_id,))
        assert deleted.rowcount == 1


def test_a_decision_that_never_left_the_regions_outbox_is_found(region: SmallRegion) -> None:
    """The work is settled, and nobody hears of it: the trace would wait for ever."""
    change(
        region,
        "insert into decided (kind, subject, hop, cause, decision_id) values ('routing', 's', 1, 'c', 'nowhere')",
    )
    found = verdict(region)
    assert [(problem.code, problem.where) for problem in found.problems] == [("decision_not_on_log", "nowhere")]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("delete from decided", "decided_row_missing"),
        ("delete from receipt where member = 'BB'", "receipt_row_missing"),
        ("update topic_position set next_offset = next_offset - 1 where topic = 'aa.trace'", "position_not_at_end"),
        ("update event set sha256 = 'another' where topic = 'bb.missing'", "applied_but_not_on_log"),
        ("update quarantine set log_offset = 99 where verdict = 'foreign'", "quarantined_but_not_on_log"),
        ("update trace set state = 'closed'", "tracing_row_unexpected"),
        ("update trace_hop set accountable = 'AA'", "tracing_row_unexpected"),
    ],
)
def test_whatever_else_is_not_as_the_log_says_is_found(region: SmallRegion, statement: str, code: str) -> None:
    change(region, statement)
    assert code in codes(verdict(region))
