"""The HTTP intake behind a real server, under several clients at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from intake_cases import open_intake, seizure
from interfocal.transport.asking import client_of
from producers.intake.intake import Intake
from producers.ways_in.api_keys import Caller
from producers.ways_in.http import create_app
from serving import Served, serving

CLIENTS = 8
RECORDS = [seizure(national_id=f"KU-{n}") for n in range(50)]


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    opened = open_intake(tmp_path)
    yield opened
    opened.outbox.close()


@pytest.fixture
def served(intake: Intake) -> Iterator[Served]:
    app = create_app({"RS": intake}, lambda key: Caller("RS", "test") if key == "key" else None)
    with serving(app) as found:
        yield found


def test_the_same_bulk_from_many_clients_at_once_is_accepted_once(served: Served, intake: Intake) -> None:
    def submit(_: int) -> Counter[str]:
        address = f"{served.address}/v1/seizure"
        answer = httpx.post(address, json=RECORDS, headers={"x-api-key": "key"}, timeout=60, verify=served.tls)
        return Counter(result["outcome"] for result in answer.json())

    with ThreadPoolExecutor(CLIENTS) as pool:
        outcomes = sum(pool.map(submit, range(CLIENTS)), Counter())
    assert outcomes == {"accepted": len(RECORDS), "unchanged": len(RECORDS) * (CLIENTS - 1)}
    events = [row.draft.event_id for row in intake.outbox.reading.all_rows()]
    assert len(events) == len(set(events)) == len(RECORDS)


def test_our_own_processes_are_asked_directly_whatever_proxy_a_machine_names(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    page = f"{served.address}/openapi.json"
    with pytest.raises(httpx.TransportError):
        httpx.get(page, timeout=60, verify=served.tls)
    with client_of(served.authority, 60.0) as http:
        assert http.get(page).status_code == httpx.codes.OK
