"""The typed client: results are results, and everything else is an error that says what to do."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from asgi import client_of
from intake_cases import ROW, mapping_of, open_intake, seizure
from producers.intake.intake import Intake
from producers.ways_in.api_keys import Caller
from producers.ways_in.http import Bounds, create_app
from producers.ways_in.python_call import Exchange
from schemas.errors import Misconfigured, Rejected, StoreAway


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    opened = open_intake(tmp_path, mapping_of(tmp_path), bound_rows=3)
    yield opened
    opened.outbox.close()


def exchange(intake: Intake, key: str = "key") -> Exchange:
    app = create_app(
        {"RS": intake},
        lambda given: Caller("RS", "cms") if given == "key" else None,
        bounds=Bounds(wait_s=0, records=9),
    )
    return Exchange("http://intake/", key, client_of(app))


def answering(status: int, content: str) -> Exchange:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=content))
    return Exchange("http://intake", "key", httpx.Client(transport=transport))


def test_records_get_typed_results_in_their_order(intake: Intake) -> None:
    with exchange(intake) as opened:
        first, second = opened.submit("seizure", [seizure(), {"national_id": "KU-2"}])
        assert (first.outcome, first.revision, first.national_id) == ("accepted", 1, "KU-17/26")
        assert second.outcome == "rejected"
        assert "own_reference" in {found.parameters["field"] for found in second.problems}
        assert opened.submit("seizure", []) == ()
        (again,) = opened.submit("seizure", [seizure()])
        assert again.outcome == "unchanged"
    assert "key" not in repr(opened).replace("api_key", "")


def test_national_rows_dry_runs_and_waiting_are_asked_for(intake: Intake) -> None:
    opened = exchange(intake)
    (would,) = opened.submit("seizure", [ROW], mapping="rs-zaplene", dry_run=True)
    assert would.outcome == "accepted"
    assert list(intake.outbox.reading.all_rows()) == []
    (waited,) = opened.submit("seizure", [ROW], mapping="rs-zaplene", source="izvoz", wait=True, reassert=True)
    assert waited.published is False


def test_what_is_not_taken_is_an_error_that_says_why(intake: Intake) -> None:
    with pytest.raises(Rejected, match="There is no mapping nothing") as caught:
        exchange(intake).submit("seizure", [ROW], mapping="nothing")
    assert caught.value.code == "unknown_mapping"
    with pytest.raises(Rejected, match="At most 9 records"):
        exchange(intake).submit("seizure", [seizure()] * 10)
    with pytest.raises(StoreAway, match="outbox is full"):
        exchange(intake).submit("seizure", [seizure(national_id=str(n)) for n in range(4)])
    with pytest.raises(Misconfigured, match="does not know this API key"):
        exchange(intake, "other").submit("seizure", [])


def test_an_address_where_no_intake_is_says_so() -> None:
    with pytest.raises(Misconfigured, match="answered 404"):
        answering(404, "<html>").submit("seizure", [])
    with pytest.raises(Misconfigured, match="no intake of this version"):
        answering(200, '[{"outcome": "new"}]').submit("seizure", [])

    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(StoreAway, match="does not answer"):
        Exchange("http://intake", "key", httpx.Client(transport=httpx.MockTransport(away))).submit("seizure", [])
