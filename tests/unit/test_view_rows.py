"""Rows of the view are a function of the event, and say all that it says but what is sealed."""

import json
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.view.dump import KEYS, dump_row, lines
from consumers.view.rows import TABLES, event_rows
from event_strategies import events
from records import MARKS, a_decision, a_missing, a_seizure, an_item
from schemas.events.envelope import Event
from schemas.wire.codec import event_json

SHA256 = "A" * 43
VIEW_EVENTS = st.sampled_from(["seizure", "missing"]).flatmap(events)


def rows(event: Event) -> list[tuple[str, dict[str, Any]]]:
    return list(event_rows(event, SHA256, 1, 2))


@given(VIEW_EVENTS)
def test_every_row_has_exactly_the_columns_of_its_table(event: Event) -> None:
    assert all(list(row) == list(TABLES[table]) for table, row in rows(event))


@given(VIEW_EVENTS)
def test_no_two_rows_of_an_event_have_one_key(event: Event) -> None:
    keys = [(table, *(row[column] for column in KEYS[table])) for table, row in rows(event)]
    assert len(keys) == len(set(keys))


@given(VIEW_EVENTS)
def test_dump_rows_are_sorted_and_the_same_every_time(event: Event) -> None:
    dumped = dump_row(event, SHA256, 1, 2)
    assert dumped == dump_row(event, SHA256, 1, 2)
    for table, group in groupby(dumped, key=lambda row: row[0]):
        keys = [tuple(row[column] for column in KEYS[table]) for _, row in group]
        assert keys == sorted(keys)
    for line in lines(dumped):
        assert json.dumps(json.loads(line), ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" == line


@given(VIEW_EVENTS)
def test_nothing_that_was_read_is_lost(event: Event) -> None:
    bodies = [(table, json.loads(row["body"])) for table, row in rows(event) if "body" in row]
    (whole,) = (body for table, body in bodies if table in {"seizure_revision", "missing_revision"})
    items = [body for table, body in bodies if table == "item_revision"]
    stated = event_json(event)
    sealed = stated.pop("sealed")
    assert (whole.pop("sealed") is None) == (sealed is None)
    assert stated == whole | ({"items": items} if "items" in stated else {})


@given(events("seizure"))
def test_no_ciphertext_reaches_the_view(event: Event) -> None:
    assert all("ciphertext" not in line for line in lines(dump_row(event, SHA256, 1, 2)))


def test_a_seizure_has_one_row_and_one_for_each_item() -> None:
    event = a_seizure("case-1", items=[an_item("one"), an_item("two", quantity=3)])
    tables = [table for table, _ in rows(event)]
    assert tables.count("seizure_revision") == 1
    assert [row["quantity"] for table, row in rows(event) if table == "item_revision"] == [1, 3]


def test_a_number_is_found_by_how_it_looks_and_how_it_is_read_aloud() -> None:
    keys = {row["kind"]: row["value"] for table, row in rows(a_missing("gun-1")) if table == "mark_key"}
    assert keys == {"visual": "C41377", "spoken": "S41377", "digits": "41377"}


@pytest.mark.parametrize("as_read", [None, "N/A", "bez broja", "000000"])
def test_what_stands_for_no_number_has_no_key(as_read: str | None) -> None:
    numbers = [{"place": "receiver", "as_read": as_read, "state": "none_ever"}]
    event = a_missing("gun-1", marks={**MARKS, "numbers": numbers})
    assert [table for table, _ in rows(event)] == ["missing_revision"]


def test_what_was_read_stays_verbatim_beside_the_keys() -> None:
    ((_, row), *_) = rows(a_missing("gun-1"))
    assert row["serial"] == "С-41377"  # noqa: RUF001  # Cyrillic, as stamped


def test_other_events_have_no_rows_here() -> None:
    assert rows(a_decision("case-1")) == []
