"""What is wrong at a way in is rejected with its reason, and nobody else notices."""

import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from interfocal.installation.endpoints import producer_endpoint
from interfocal.transport.signing_in import trusting
from running import Exchange, interfocal
from story import ASKER, a_firearm, a_request, a_seizure, check_flow

HEADER = "CASE;ITEM;DAY;KIND;MAKER;NUMBER\n"
GOOD_ROW = "{case};1;05.01.2026;pistol;Zastava;G-{case}\n"
NAMES = count(1)


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file with something wrong, its name's ending, and words of the answer. ``whole``: nothing of it is taken."""

    content: bytes
    words: tuple[str, ...]
    whole: bool = False
    name: str = "seized.csv"
    options: tuple[str, ...] = ()


def row(**cells: str) -> bytes:
    """A file of one good row and one with these cells."""
    values = {"CASE": "BAD", "ITEM": "1", "DAY": "05.01.2026", "KIND": "pistol", "MAKER": "Zastava", "NUMBER": "B1"}
    return (HEADER + "{good}" + ";".join((values | cells).values()) + "\n").encode()


FILES = {
    "malformed CSV": BadFile((HEADER + '{good}BAD;1;"05.01.2026\n').encode(), ("cannot be read as csv",), whole=True),
    "a row too short": BadFile((HEADER + "{good}BAD;1\n").encode(), ("has 2 cells",)),
    "malformed JSON": BadFile(
        b'[{"national_id": ', ("cannot be read as json",), whole=True, name="s.json", options=("--stream", "seizure")
    ),
    "wrong encoding": BadFile(
        (HEADER + "{good}BAD;1;05.01.2026;pistol;Ж;B\n").encode("cp1251"), ("not utf-8",), whole=True
    ),
    "a missing column": BadFile(b"CASE;ITEM\nBAD;1\n", ("no column",), whole=True),
    "an unknown code": BadFile(row(KIND="cannon"), ("cannon", "pistol")),
    "a date in the future": BadFile(row(DAY="05.01.2999"), ("in the future",)),
    "no date": BadFile(row(DAY="yesterday"), ("is not a date",)),
    "U+0000": BadFile(row(NUMBER="B\x001"), ("U+0000",)),
    "no mapping": BadFile(row(), ("no mapping", "aa-seized"), whole=True, name="other.csv"),
}


@pytest.mark.parametrize("fault", FILES)
def test_a_bad_file_is_answered_with_its_reason(exchange: Exchange, tmp_path: Path, fault: str) -> None:
    bad = FILES[fault]
    case = f"FILE-{next(NAMES)}"
    path = tmp_path / bad.name
    path.write_bytes(bad.content.replace(b"{good}", GOOD_ROW.format(case=case).encode()))
    ended = interfocal("submit", str(path), "--as", ASKER, "--var", str(exchange.installation.var), *bad.options)
    said = " ".join((ended.stdout + ended.stderr).split())
    assert ended.returncode == 1, said
    assert [word for word in bad.words if word not in said] == [], said
    assert (f"{case}" in said) == (not bad.whole), said
    check_flow(exchange)


def test_records_of_nobody_are_not_taken(exchange: Exchange, tmp_path: Path) -> None:
    path = tmp_path / "seized.csv"
    path.write_bytes(row())
    ended = interfocal("submit", str(path), "--as", "ZZ", "--var", str(exchange.installation.var))
    assert ended.returncode == 2
    assert "'ZZ' is not a member of two-members; members are AA, BB" in ended.stderr
    assert ended.stdout == ""


def seizure(**changes: Any) -> bytes:
    """A record of which something is wrong."""
    return json.dumps({**a_seizure("HTTP-BAD", "B1"), **changes}).encode()


def trace(**changes: Any) -> bytes:
    record = a_request("HTTP-BAD", a_firearm("B1"))
    return json.dumps({**record, "request": {**record["request"], **changes}}).encode()


FUTURE = {"at": "2999-01-01T00:00:00Z", "offset_minutes": 0, "precision": "day"}
BODIES: dict[str, tuple[str, bytes, int, str]] = {
    "malformed JSON": ("seizure", b'{"national_id": ', 400, "malformed_file"),
    "no object": ("seizure", b"7", 400, "malformed_file"),
    "wrong encoding": ("seizure", '{"national_id": "Ж"}'.encode("cp1251"), 400, "wrong_encoding"),
    "an unknown member": (
        "trace",
        trace(named={"member": "ZZ", "evidence": "dealer_record"}),
        422,
        "unknown_member",
    ),
    "an unknown code": ("seizure", seizure(agency="nobody"), 422, "unknown_code"),
    "an unknown field": ("seizure", seizure(shoe_size=43), 422, "unknown_field"),
    "in the future": ("seizure", seizure(occurred=FUTURE), 422, "in_the_future"),
    "U+0000": ("seizure", seizure(own_reference="A\x00B"), 422, "unusable_character"),
    "a ciphertext": ("seizure", seizure(sealed={"suite": "x", "ciphertext": "eA"}), 422, "made_by_intake"),
}


@pytest.mark.parametrize("fault", BODIES)
def test_a_bad_request_is_answered_with_its_code(exchange: Exchange, fault: str) -> None:
    stream, body, status, code = BODIES[fault]
    endpoint = producer_endpoint(exchange.installation.var, ASKER)
    headers = {"Authorization": f"Bearer {endpoint.api_key.get_secret_value()}", "Content-Type": "application/json"}
    answer = httpx.post(
        f"{endpoint.url}/v1/{stream}", content=body, headers=headers, timeout=30, verify=trusting(endpoint.authority)
    )
    assert answer.status_code == status, answer.text
    problems = answer.json()["problems"]
    assert code in {problem["code"] for problem in problems}
    assert all(problem["message"] for problem in problems)
    check_flow(exchange)


def test_a_stranger_is_not_answered(exchange: Exchange) -> None:
    endpoint = producer_endpoint(exchange.installation.var, ASKER)
    for key in ("", "Bearer nobody's", "Basic QUE6QUE="):
        answer = httpx.post(
            f"{endpoint.url}/v1/seizure",
            content=seizure(),
            headers={"Authorization": key},
            timeout=30,
            verify=trusting(endpoint.authority),
        )
        assert answer.status_code == 401
        assert "Traceback" not in answer.text
