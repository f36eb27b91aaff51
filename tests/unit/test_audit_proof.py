"""An audit log is whole, or it is said where it is not."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.audit.log import Entry, Head
from consumers.audit.proof import SENTENCES, Anchor, Flaw, hash_of, prove
from interfocal.audit.acting import Said
from interfocal.audit.anchors import KEPT, AnchorFile
from schemas.directory import Directory
from schemas.errors import Misconfigured

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_log(count: int, kind: str = "consultation") -> list[Entry]:
    """A whole log of so many entries."""
    log: list[Entry] = []
    for number in range(1, count + 1):
        entry = f'{{"number" : {number}, "kind" : "{kind}"}}'
        prev = log[-1].hash if log else None
        log.append(Entry(number, entry, prev, hash_of(prev, entry)))
    return log


def anchor(log: list[Entry], number: int) -> Anchor:
    return Anchor(Head(number, log[number - 1].hash), "a file")


def flaws(log: list[Entry], *anchors: Anchor) -> list[tuple[Flaw, int]]:
    return [(found.flaw, found.number) for found in prove(log, anchors).found]


@given(st.integers(0, 30), st.data())
def test_a_whole_log_holds_against_every_anchor_of_its_own(count: int, data: st.DataObject) -> None:
    log = a_log(count)
    numbers = data.draw(st.lists(st.integers(1, count), max_size=4)) if count else []
    proof = prove(log, [anchor(log, number) for number in numbers])
    assert proof.holds
    assert (proof.entries, proof.head) == (count, Head(count, log[-1].hash) if log else None)


@given(st.integers(2, 12), st.data())
def test_any_single_change_is_found(count: int, data: st.DataObject) -> None:
    log = a_log(count)
    at = data.draw(st.integers(0, count - 1))
    change = data.draw(st.sampled_from(["entry", "hash", "prev", "take out", "put in twice", "swap", "cut off"]))
    kept = anchor(log, count)
    match change:
        case "take out":
            del log[at]
        case "put in twice":
            log.insert(at, log[at])
        case "swap":
            log[at], log[at - 1] = log[at - 1], log[at]
        case "cut off":
            del log[at:]
        case "entry":
            log[at] = replace(log[at], entry="another")
        case "hash":
            log[at] = replace(log[at], hash="another")
        case _:
            log[at] = replace(log[at], prev="another")
    assert not prove(log, [kept]).holds


def test_each_flaw_is_named_with_its_number() -> None:
    log = a_log(5)
    assert flaws([*log[:2], *log[3:]]) == [(Flaw.GAP, 4), (Flaw.CHAIN_BROKEN, 4)]
    assert flaws([*log[:2], replace(log[2], entry='{"number" : 3}'), *log[3:]]) == [(Flaw.ALTERED, 3)]
    assert flaws(log[:3], anchor(log, 5)) == [(Flaw.CUT_OFF, 5)]
    assert flaws(a_log(5, "export"), anchor(log, 2)) == [(Flaw.REWRITTEN, 2)]
    assert flaws([]) == []
    assert flaws([], anchor(log, 1)) == [(Flaw.CUT_OFF, 1)]
    assert set(SENTENCES) == set(Flaw)


def test_an_entry_with_another_ones_number_is_altered() -> None:
    entry = '{"number" : 7}'
    assert flaws([Entry(1, entry, None, hash_of(None, entry))]) == [(Flaw.ALTERED, 1)]
    assert flaws([Entry(1, "no json", None, hash_of(None, "no json"))]) == [(Flaw.ALTERED, 1)]


def test_anchors_are_kept_in_a_file_of_their_own(tmp_path: Path) -> None:
    log, file = a_log(KEPT + 20), AnchorFile(tmp_path / "region" / "audit-anchors.json")
    assert file.read() == []
    assert file.keep(None, NOON) is False
    for entry in log:
        assert file.keep(Head(entry.number, entry.hash), NOON) is True
    kept = file.read()
    assert [one.head.number for one in kept] == list(range(21, KEPT + 21))
    assert prove(log, kept).holds
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_was_cut_off_is_not_anchored_anew(tmp_path: Path) -> None:
    log, file = a_log(5), AnchorFile(tmp_path / "audit-anchors.json")
    file.keep(Head(5, log[4].hash), NOON)
    assert file.keep(Head(3, log[2].hash), NOON) is False
    assert file.keep(Head(5, "another"), NOON) is False
    assert flaws(log[:3], *file.read()) == [(Flaw.CUT_OFF, 5)]


@pytest.mark.parametrize("content", ["", "[]", '{"anchors": [{}]}', '{"anchors": 3}'])
def test_a_file_that_holds_no_anchors_is_named(tmp_path: Path, content: str) -> None:
    file = AnchorFile(tmp_path / "audit-anchors.json")
    file.path.write_text(content, encoding="utf-8")
    with pytest.raises(Misconfigured, match="restore the file"):
        file.read()


def directory(*, exercise: bool) -> Directory:
    return Directory.model_validate(
        {
            "region": "test-region",
            "title": "Test",
            "version": 1,
            "exercise": exercise,
            "issued_at": NOON,
            "expires_at": NOON,
            "members": [{"code": "RS", "name": "RS"}],
        }
    )


def test_in_an_exercise_purpose_and_case_have_defaults_and_elsewhere_nobody_reads_without() -> None:
    acting = Said(person="rs-7").acting(directory(exercise=True), "rs")
    assert (acting.person, acting.member, acting.purpose, acting.case) == ("rs-7", "RS", "exercise", "exercise")
    assert Said(person="op").acting(directory(exercise=True)).member == "REGION"
    for said in (Said("rs-7"), Said("rs-7", "tracing"), Said("rs-7", None, "C-1")):
        with pytest.raises(Misconfigured, match="whoever reads says why"):
            said.acting(directory(exercise=False))
    assert Said("rs-7", "tracing", "C-1").acting(directory(exercise=False)).case == "C-1"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (Said("A Name"), "never a name with spaces"),
        (Said("a", "curiosity"), "is no purpose"),
        (Said("a", "tracing", "two\nlines"), "on one line"),
        (Said("a", "tracing", "x" * 81), "at most 80 signs"),
    ],
)
def test_what_cannot_be_said_is_named(said: Said, says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        said.acting(directory(exercise=True))


def test_without_a_mark_the_login_stands_for_the_person() -> None:
    assert Said().acting(directory(exercise=True)).person
