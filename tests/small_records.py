"""Harmonised records of a small history, as a submitter sends them."""

from typing import Any

ASKER, ASKED = "AA", "BB"


def a_firearm(number: str) -> dict[str, Any]:
    """A pistol with a number."""
    marks = {"make": "Zastava", "numbers": [{"place": "frame", "as_read": number, "state": "legible"}]}
    return {"weapon_class": "pistol", "marks": marks}


def about(name: str) -> dict[str, Any]:
    """What every record says first."""
    return {"national_id": name, "own_reference": name, "handling": {"codes": ["H0"]}}


def a_seizure(name: str, number: str) -> dict[str, Any]:
    """The harmonised record of one pistol that was seized."""
    return {**about(name), "items": [{"item_key": "1", "kind": "firearm", "quantity": 1, "firearm": a_firearm(number)}]}


def a_missing(name: str, number: str) -> dict[str, Any]:
    """The harmonised record of one pistol that was stolen."""
    return {**about(name), "type": "stolen", "state": "open", **a_firearm(number)}


def a_request(name: str, number: str) -> dict[str, Any]:
    """The harmonised request for a pistol; the asked member is named with evidence."""
    request = {
        **a_firearm(number),
        "priority": "routine",
        "illicit_ground": "not_recorded",
        "intended_use": "criminal_investigation",
        "domestic_trace": "no_record",
        "named": {"member": ASKED, "evidence": "dealer_record"},
    }
    return {**about(name), "act": "request", "request": request}
