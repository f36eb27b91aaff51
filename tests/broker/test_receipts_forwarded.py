"""Who sent something holds the addressee's signed receipt for it, or is told that there is none."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consumers.desk.inbox import Confirmed, confirmations, inbox
from consumers.receipts.forwarding import ReceiptForwarder
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.clock import now
from interfocal.commands.main import build_app
from interfocal.desk.acts import DeskActs
from interfocal.ledger.verify import verify
from interfocal.stack import Stack
from interfocal.watching.figures import asked, read_region
from running import until
from sealed_world import SealedWorld, sealed_world
from small_records import ASKED, ASKER, a_request
from small_region import OVERDUE

DELIVERED_S = 120.0
ANSWER = {"result": "record_found", "scope": "full", "evidence": "dealer_record"}


@pytest.fixture
def world(stack: Stack, tmp_path: Path) -> Iterator[SealedWorld]:
    with sealed_world(stack, tmp_path) as made:
        yield made


def confirmed(world: SealedWorld, member: str, event: str) -> Sequence[Confirmed]:
    desk = DeskActs(world.installation, member)
    return desk.read(lambda connection: confirmations(connection, [event])).get(event, ())


def shown(world: SealedWorld, member: str) -> list[tuple[str, str]]:
    """What a person sees in an inbox: act and purpose."""
    return [(one.act, one.purpose) for one in DeskActs(world.installation, member).read(inbox)]


def ask_and_confirm_nothing(world: SealedWorld, name: str) -> str:
    """A request that is delivered, while the desks give no receipts; the request's event id."""
    (request,) = world.members[ASKER].submit("trace", a_request(name, f"N-{name}"))

    def is_in_both_inboxes() -> bool:
        for member in world.members.values():
            member.relay.run_once()
        for loop in world.region.loops:
            loop.run_once()
        for step in world.region.deciding:
            step()
        desks = [world.rows(world.installation.desk_url(code), "select 1 from inbox") for code in (ASKER, ASKED)]
        return all(desks) and bool(world.rows(world.installation.region_url, "select 1 from planned_delivery"))

    until(is_in_both_inboxes, "the request to be delivered", DELIVERED_S)
    return request


def told(world: SealedWorld, later: timedelta) -> int:
    """Notices that the region writes so much later."""
    forwarder = ReceiptForwarder(world.installation.directory, lambda: now() + later, OVERDUE)
    with closing(Session(connector(world.installation.region_url, "test"))) as session:
        return session.transact(forwarder.tell)


def test_the_sender_of_every_act_holds_the_addressees_receipt_and_receipts_it_no_more(world: SealedWorld) -> None:
    key = world.ask("T-1")
    answer = world.act(ASKED, key, "answer", ANSWER)
    (of_request,), (of_answer,) = confirmed(world, ASKER, key.request_id), confirmed(world, ASKED, answer)
    assert (of_request.by, of_answer.by) == (ASKED, ASKER)
    for code in (ASKER, ASKED):
        url = world.installation.desk_url(code)
        assert world.rows(url, "select count(*) from inbox where purpose = 'receipt'") == [(1,)]
        assert world.rows(url, "select receipt_event from inbox where purpose = 'receipt'") == [(None,)]
    assert shown(world, ASKER) == [("request", "copy"), ("answer", "party")]
    assert world.rows(world.installation.region_url, "select count(*) from planned_delivery where not settled") == [
        (0,)
    ]
    assert verify(world.installation).balance.holds


def test_a_desk_shows_who_has_received_what_it_sent(world: SealedWorld) -> None:
    key = world.ask("T-1")
    words = ["trace", "show", key.trace_id, "--as", ASKER, "--var", str(world.installation.var)]
    said = CliRunner().invoke(build_app(), words, catch_exceptions=False)
    (receipt,) = confirmed(world, ASKER, key.request_id)
    assert f"receipt {receipt.receipt}" in said.stdout


def test_the_receipt_of_an_erasure_tells_the_asker_which_grants_are_gone(world: SealedWorld) -> None:
    key = world.ask("T-1")
    ((grant, _, _),) = world.grants(ASKER)
    erasure = world.act(ASKER, key, "erasure", {"grants": [grant]})
    (receipt,) = confirmed(world, ASKER, erasure)
    assert receipt.erased == (grant,)


def test_a_sender_is_told_once_of_a_receipt_that_does_not_come_and_gets_it_when_it_does(world: SealedWorld) -> None:
    request = ask_and_confirm_nothing(world, "T-1")
    figures = asked(world.installation.region_url, read_region)
    assert figures.receipts[ASKED].count == 1
    assert told(world, timedelta(0)) == 0
    assert told(world, 2 * OVERDUE) == 1
    assert told(world, 3 * OVERDUE) == 0
    world.settle()
    assert shown(world, ASKER) == [("request", "copy"), ("request", "notice")]
    ((kind, part),) = world.rows(
        world.installation.region_url,
        "select kind, body -> 'missing_receipt' from decision where kind = 'missing_receipt'",
    )
    assert (kind, part["addressee"], part["of_event"]) == ("missing_receipt", ASKED, request)
    (receipt,) = confirmed(world, ASKER, request)
    assert receipt.by == ASKED
    assert asked(world.installation.region_url, read_region).receipts == {}
    assert verify(world.installation).balance.holds


def test_a_receipt_for_other_bytes_than_were_sent_is_none(world: SealedWorld) -> None:
    request = ask_and_confirm_nothing(world, "T-1")
    url = world.installation.desk_url(ASKED)
    with closing(Session(connector(url, "test"))) as session:
        session.transact(lambda connection: connection.execute("update inbox set sha256 = %s", ["A" * 43]))
    world.settle()
    assert confirmed(world, ASKER, request) == ()
    assert asked(world.installation.region_url, read_region).receipts[ASKED].count == 1
    assert told(world, 2 * OVERDUE) == 1


def test_only_the_addressees_receipt_counts(world: SealedWorld) -> None:
    request = ask_and_confirm_nothing(world, "T-1")
    region = world.installation.region_url
    ((delivery, sha256),) = world.rows(
        region,
        "select delivery_id, sha256 from planned_delivery join trace_act on event_id = of_event where inbox = %s",
        ASKED,
    )
    record = {
        "national_id": "of-another",
        "of_event": request,
        "sha256": sha256,
        "delivery_id": delivery,
        "received_at": now().isoformat(),
        "handling": {"codes": ["H0"]},
    }
    world.members[ASKER].submit("receipt", record)

    def is_folded() -> bool:
        world.members[ASKER].relay.run_once()
        for loop in world.region.loops:
            loop.run_once()
        return bool(world.rows(region, "select 1 from receipt where delivery_id = %s", delivery))

    until(is_folded, "the receipt of another to be folded", DELIVERED_S)
    with closing(Session(connector(region, "test"))) as session:
        forwarder = ReceiptForwarder(world.installation.directory, now, OVERDUE)
        assert session.transact(forwarder.forward) == 0
