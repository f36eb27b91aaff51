"""What the file of an exported event says."""

import json

from consumers.checked import CheckedEvent
from consumers.checking import Terms, check_record
from interfocal.exporting import Signed, exported
from interfocal.limits import EXERCISE_NOTICE
from records import Station, a_seizure, signing_key
from schemas.directory import Directory, Member
from schemas.trust import base64url
from sealing import SEALED_AT, expecting

DIRECTORY = Directory(
    region="test-region",
    title="Test",
    version=3,
    exercise=True,
    issued_at=SEALED_AT,
    expires_at=SEALED_AT,
    notice="Names say nothing of status.",
    members=(Member(code="RS", name="RS"), Member(code="XK", name="Kosovo*", footnote="* a note")),
)


def file_of(member: str) -> dict[str, object]:
    owner = member.lower()
    record = Station(f"{owner}.seizure").record(a_seizure("case-1", member=member), offset=7)
    checked = check_record(record, Terms(expecting(signing_key(owner)), exercise=True))
    assert isinstance(checked, CheckedEvent)
    told = dict(exported(checked, DIRECTORY, Signed(3, b"one\ntwo")))
    assert told["value"] == base64url.encode(record.value or b"").decode()
    assert told["key"] == (record.key or b"").decode()
    json.dumps(told)
    return told


def test_the_footnote_of_a_member_that_the_event_names_stands_in_the_file() -> None:
    assert file_of("XK")["footnotes"] == {"XK": "* a note"}
    assert file_of("RS")["footnotes"] == {}


def test_the_file_says_its_limits_and_the_directory_as_it_was_signed() -> None:
    told = file_of("RS")
    assert told["limits"] == [EXERCISE_NOTICE, DIRECTORY.notice]
    assert told["directory"] == {"version": 3, "document": "one\ntwo"}
    assert (told["topic"], told["offset"]) == ("rs.seizure", 7)
