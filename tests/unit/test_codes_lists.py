import contextlib
import inspect
import re
from importlib import import_module
from importlib.resources import files
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codes.lists import CodeList, load_code_lists, parse_code_list
from schemas.errors import Misconfigured
from schemas.events.types import Part, code_list_of

LISTS = load_code_lists()
HEADER = "code,definition,source,maps_to,en,en_status"


def lists_named_by_events() -> set[str]:
    named: set[str] = set()
    for file in files("schemas").joinpath("events").iterdir():
        if file.name.endswith(".py") and file.name != "__init__.py":
            module = import_module(f"schemas.events.{file.name.removesuffix('.py')}")
            for _, model in inspect.getmembers(module, inspect.isclass):
                if issubclass(model, Part):
                    hints = get_type_hints(model, include_extras=True).values()
                    named |= {name for hint in hints if (name := code_list_of(hint))}
    return named


def test_every_list_that_an_event_names_is_there() -> None:
    named = lists_named_by_events()
    assert len(named) > 40
    assert named <= set(LISTS)


@pytest.mark.parametrize("name", sorted(LISTS))
def test_every_code_has_a_definition_a_source_and_an_english_label(name: str) -> None:
    listed = LISTS[name]
    assert listed.name == name
    for code in listed.codes:
        entry = listed.entries[code]
        assert re.fullmatch(r"[A-Z]\d?|[a-z0-9_]+", code)
        assert entry.definition.endswith(".")
        assert entry.source
        assert listed.label(code)
        assert entry.labels["en"].status in ("checked", "proposed")


@pytest.mark.parametrize("name", sorted(LISTS))
def test_no_two_codes_of_a_list_look_the_same_to_a_reader(name: str) -> None:
    labels = [LISTS[name].label(code).casefold() for code in LISTS[name].codes]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("handling-code", "H0 H1 H2 H3"),
        ("source-evaluation", "A B C X"),
        ("information-evaluation", "1 2 3 4"),
        ("event-status", "active retracted"),
        ("acquisition-mode", "seized found surrendered"),
        ("missing-type", "lost stolen smuggled trafficked"),
        ("missing-state", "open recovered withdrawn"),
        ("serial-state", "legible partial obliterated restored altered none_ever not_examined not_recorded"),
        ("weapon-class", "pistol assault_rifle gas_alarm_signal unknown not_recorded withheld"),
        ("absent-reason", "unknown not_recorded withheld"),
        ("item-kind", "firearm component ammunition explosive other"),
        (
            "trace-act",
            """request acknowledgement question information answer referral refusal delay clarification closure
            reopening probe_answer erasure""",
        ),
        (
            "route-rule",
            """own_register missing_owner named_hop register_hit last_import manufacture no_channel not_releasable
            handed_over duty_officer""",
        ),
        ("closure-outcome", "point_of_diversion_found last_holder_found exhausted withdrawn duplicate refused"),
        ("refusal-reason", "investigation confidentiality_law confidentiality_not_guaranteed national_security"),
        ("channel", "direct relay none"),
        ("delivery-purpose", "accountable party copy"),
        ("external-system", "interpol siena etrace"),
    ],
)
def test_lists_hold_the_codes_that_the_contract_fixes(name: str, codes: str) -> None:
    assert not set(codes.split()) - set(LISTS[name].codes)


def test_what_is_unknown_not_recorded_and_withheld_stay_apart_for_what_is_observed() -> None:
    for name in ("agency", "seizure-context", "direction", "transport", "concealment", "weapon-class", "disposition"):
        assert {"unknown", "not_recorded", "withheld"} <= set(LISTS[name].codes)


def test_every_kind_of_weapon_has_its_class_in_the_yearly_questionnaire() -> None:
    for code in LISTS["weapon-class"].codes:
        assert LISTS["weapon-class"].maps_to(code, "iafq") in LISTS["iafq-class"]


def test_border_or_inland_follows_from_every_context() -> None:
    for code in LISTS["seizure-context"].codes:
        assert LISTS["seizure-context"].maps_to(code, "border_side") in LISTS["border-side"]


def test_codes_keep_the_order_of_their_file() -> None:
    text = f"{HEADER}\nb,B.,x,,B,checked\na,A.,x,,A,checked\n"
    assert parse_code_list("example", text).codes == ("b", "a")


def small_list() -> CodeList:
    rows = "lorry,A lorry.,IAFQ,iafq:truck x:y,Lorry,checked,Kamion,proposed\nbus,A bus.,IAFQ,,Bus,checked,,\n"
    return parse_code_list("transport", f"{HEADER},sr-Latn,sr-Latn_status\n{rows}")


def test_a_label_falls_back_to_english_and_an_unknown_code_to_itself() -> None:
    listed = small_list()
    assert listed.label("lorry", "sr-Latn") == "Kamion"
    assert listed.label("bus", "sr-Latn") == "Bus"
    assert listed.label("bus", "mk") == "Bus"
    assert listed.label("hovercraft") == "hovercraft"
    assert listed.languages() == {"en": 2, "sr-Latn": 1}


def test_a_code_maps_to_its_neighbours_where_one_is_known() -> None:
    listed = small_list()
    assert listed.maps_to("lorry", "iafq") == "truck"
    assert listed.maps_to("lorry", "x") == "y"
    assert listed.maps_to("bus", "iafq") is None
    assert listed.maps_to("hovercraft", "iafq") is None


def test_membership_is_of_codes_and_never_raises() -> None:
    listed = small_list()
    assert "bus" in listed
    assert "Bus" not in listed
    assert None not in listed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{HEADER}\n", "no codes"),
        ("", "columns"),
        ("code,definition\na,A.\n", "columns"),
        (f"{HEADER},sq\na,A.,x,,A,checked,A\n", "sq_status"),
        (f"{HEADER}\na,A.,x,,A,checked\na,A.,x,,A,checked\n", "line 3: a stands twice"),
        (f"{HEADER}\nA B,A.,x,,A,checked\n", "is no code"),
        (f"{HEADER}\na,,x,,A,checked\n", "definition is empty"),
        (f"{HEADER}\na,A.,x,,A,maybe\n", "checked or proposed"),
        (f"{HEADER}\na,A.,x,iafq,A,checked\n", "scheme:code"),
        (f"{HEADER}\na,A, b.,x,,A,checked\n", "as many cells"),
        (f"{HEADER}\na,A.\n", "as many cells"),
    ],
)
def test_a_wrong_list_is_refused_with_file_and_row(text: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=re.escape(says)) as told:
        parse_code_list("example", text)
    assert "example" in str(told.value)


@given(st.text(max_size=60))
def test_any_text_is_a_list_or_misconfigured(text: str) -> None:
    with contextlib.suppress(Misconfigured):
        assert parse_code_list("example", f"{HEADER}\n{text}").codes
