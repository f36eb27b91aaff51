"""What a member's intake accepts under embargo, or for some members only, is kept from the others all the way."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from asgi import client_of
from interfocal.commands.main import build_app
from interfocal.installation.reader import TOKEN_FILE
from interfocal.installation.secrets import read_secret
from interfocal.ledger.verify import verify
from interfocal.stack import Stack
from interfocal.wiring.reading import add_reading
from sealed_world import SealedWorld, sealed_world
from small_records import ASKED, ASKER, a_missing, a_request, a_seizure
from small_region import DIRECTORY

OTHER = "CC"
THREE = DIRECTORY.replace("]\n", ', { code = "CC", name = "Cesta" }]\n')
WHY = {"Interfocal-Person": "mark-7", "Interfocal-Purpose": "tracing", "Interfocal-Case": "C-77"}
ALL: dict[str, Any] = {}
ASKED_ONLY = {"releasable_to": [ASKED]}
EMBARGOED = {"embargo_until": "2999-01-01T00:00:00Z"}
NARROWED, SILENT = "C-71", "C-72"
"""Numbers of the firearms that a third member misses: told to the asked member only, and under embargo."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Three members' region at rest; events by the reference of their records."""

    world: SealedWorld
    events: dict[str, str]

    def shown(self, member: str, listing: str) -> set[str]:
        """References of what the region's API shows to a member's desk."""
        here, app = self.world.installation, FastAPI()
        add_reading(app, here)
        token = read_secret(here.places.secrets(member.lower()) / TOKEN_FILE).decode()
        answer = client_of(app, Authorization=f"Bearer {token}", **WHY).get(f"/v1/view/{listing}")
        assert answer.status_code == 200, answer.text
        return {row["reference"] for row in answer.json()["rows"]}

    def told(self, *words: str) -> dict[str, Any]:
        """What a command says as JSON."""
        told = CliRunner().invoke(build_app(), [*words, "--json", "--var", str(self.world.installation.var)])
        assert told.exit_code == 0, told.output
        answer: dict[str, Any] = json.loads(told.stdout)
        return answer

    def rule(self, reference: str, member: str) -> str:
        """The rule that shows or hides a record to a member."""
        return str(self.told("explain", self.events[reference], "--to", member)["rule"])

    def accountable(self, reference: str) -> str:
        """The member that has to answer a request."""
        (hop,) = self.told("trace", "show", reference)["hops"]
        return str(hop["accountable"])


@pytest.fixture(scope="module")
def kept(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Records as members' intakes take them, folded; then requests for the firearms that they are about."""
    with sealed_world(stack, tmp_path_factory.mktemp("kept"), THREE) as world:
        events: dict[str, str] = {}

        def submit(member: str, stream: str, record: dict[str, Any], handling: dict[str, Any]) -> None:
            record = {**record, "handling": {"codes": ["H0"], **handling}}
            (events[record["own_reference"]],) = world.members[member].submit(stream, record)

        for name, handling in (("KU-1", ALL), ("KU-2", ASKED_ONLY), ("KU-3", EMBARGOED)):
            submit(ASKER, "seizure", a_seizure(name, f"C-{name}"), handling)
        submit(OTHER, "missing", a_missing("N-1", NARROWED), ASKED_ONLY)
        submit(OTHER, "missing", a_missing("N-2", SILENT), EMBARGOED)
        world.settle()
        submit(ASKER, "trace", a_request("T-1", NARROWED), ALL)
        submit(ASKER, "trace", a_request("T-2", SILENT), ALL)
        world.settle()
        yield Kept(world, events)


def test_the_region_shows_each_member_what_is_released_to_it_and_nothing_under_embargo(kept: Kept) -> None:
    assert kept.shown(ASKER, "seizures") == {"KU-1", "KU-2", "KU-3"}
    assert kept.shown(ASKED, "seizures") == {"KU-1", "KU-2"}
    assert kept.shown(OTHER, "seizures") == {"KU-1"}
    assert kept.shown(ASKED, "missing") == {"N-1"}
    assert kept.shown(ASKER, "missing") == set()


def test_what_the_region_counts_and_its_own_people_list_has_nothing_under_embargo(kept: Kept) -> None:
    assert {row["reference"] for row in kept.told("view", "seizures")["rows"]} == {"KU-1", "KU-2"}
    counts = {row["member"]: (row["seizures"], row["missing_open"]) for row in kept.told("view", "summary")["rows"]}
    assert counts == {ASKER: (2, 0), OTHER: (0, 1)}


@pytest.mark.parametrize(
    ("reference", "member", "rule"),
    [
        ("KU-2", ASKED, "released_to_member"),
        ("KU-2", OTHER, "not_releasable"),
        ("KU-3", ASKED, "embargoed"),
        ("KU-3", ASKER, "own_record"),
    ],
)
def test_the_rule_that_hides_them_is_explained(kept: Kept, reference: str, member: str, rule: str) -> None:
    assert kept.rule(reference, member) == rule


def test_a_record_that_leaves_the_asker_out_routes_its_request_and_is_not_told_to_it(kept: Kept) -> None:
    assert kept.accountable("T-1") == OTHER
    told = json.dumps(kept.told("inbox", "--as", ASKER))
    assert kept.events["N-1"] not in told
    assert "related_record" in told


def test_an_embargoed_record_routes_nothing_and_stands_in_no_decision_or_delivery(kept: Kept) -> None:
    assert kept.accountable("T-2") == ASKED
    for reference in ("N-2", "KU-3"):
        event = kept.events[reference]
        for member in (ASKER, ASKED):
            assert event not in json.dumps(kept.told("inbox", "--as", member))
        url = kept.world.installation.region_url
        assert kept.world.rows(url, "select 1 from decision where body::text like %s", f"%{event}%") == []


def test_the_ledger_holds_with_them(kept: Kept) -> None:
    assert list(verify(kept.world.installation).balance.problems) == []
