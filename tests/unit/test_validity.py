"""Until when an owner may seal, as its directory says, and what a process shows of it."""

from datetime import timedelta

from prometheus_client import CollectorRegistry

from interfocal.process.metrics import Metrics
from interfocal.trust.kept import Kept
from interfocal.watching.validity import NEVER, expiries, show_validity
from schemas.directory import Directory, Ending, Key, Member
from schemas.topics import REGION
from schemas.trust.keys import directory_key, thumbprint
from schemas.trust.succession import Trust
from sealing import AUD, SEALED_AT, SEALED_AT_S, a_key

DAY_S = 86_400
FIRST, SECOND, OF_REGION = a_key("rs.1"), a_key("rs.2"), a_key("region.1", REGION)


def entry(kid: str = "rs.1", days: int = 30, *, ended: bool = False) -> Key:
    """A key of RS that expires in so many days."""
    key = directory_key(a_key(kid).public(SEALED_AT_S, SEALED_AT_S + days * DAY_S))
    return key.model_copy(update={"ended": Ending(at=SEALED_AT, because="lost")}) if ended else key


def kept(*keys: Key, waiting: frozenset[str] = frozenset()) -> Kept:
    directory = Directory(
        region=AUD,
        title="One member, and one that only looks on",
        version=4,
        exercise=True,
        issued_at=SEALED_AT,
        expires_at=SEALED_AT + timedelta(days=365),
        members=(Member(code="RS", name="Resa", keys=keys), Member(code="UA", name="Usa", observer=True)),
        region_keys=(directory_key(OF_REGION.public(SEALED_AT_S, SEALED_AT_S + 700 * DAY_S)),),
    )
    return Kept(directory, Trust(AUD, frozenset(), waiting=waiting))


def days(told: Kept, owner: str = "rs") -> float:
    return (expiries(told)[owner] - SEALED_AT_S) / DAY_S


def test_an_owner_may_seal_until_its_last_key_expires() -> None:
    assert days(kept(entry("rs.1", 30), entry("rs.2", 730))) == 730
    assert days(kept(entry("rs.1", 60), entry("rs.2", 30))) == 60
    assert days(kept(entry()), REGION) == 700


def test_a_key_that_was_ended_or_waits_for_a_person_lets_nothing_be_sent() -> None:
    assert expiries(kept(entry(ended=True)))["rs"] == NEVER
    assert expiries(kept())["rs"] == NEVER
    unconfirmed = frozenset({thumbprint(SECOND.raw_public)})
    assert days(kept(entry("rs.1", 30), entry("rs.2", 730), waiting=unconfirmed)) == 30


def test_who_publishes_nothing_is_left_out() -> None:
    assert expiries(kept(entry())).keys() == {"rs", REGION}


def test_a_process_shows_its_directory_and_the_owners_that_it_serves() -> None:
    metrics, told = Metrics(CollectorRegistry()), kept(entry())

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"interfocal_{name}", labels)

    show_validity(metrics, told, ["rs"])
    assert value("directory_version") == 4
    assert value("directory_expiry_timestamp_seconds") == SEALED_AT_S + 365 * DAY_S
    assert value("key_expiry_timestamp_seconds", member="RS") == SEALED_AT_S + 30 * DAY_S
    assert value("key_expiry_timestamp_seconds", member="REGION") is None
