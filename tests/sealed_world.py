"""A small region whose members seal, grant and erase: run by hand until nothing is under way."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from consumers.desk.inbox import inbox_of
from consumers.desk.sealed import Opened, opened_parts
from consumers.tracing.trace import TraceKey
from interfocal.installation.installation import Installation
from interfocal.installation.opening import opener_of
from interfocal.installation.preparing import prepare
from interfocal.installation.region_folder import open_region
from interfocal.stack import Stack, drop_database
from small_records import ASKED, ASKER, a_request
from small_region import DIRECTORY, MemberParts, RegionParts, member_parts, region_parts, settle, urls, write_settings

CANARY = "kanarinac-7f3a19"
PART = {
    "case_details": f"Found under the seat, {CANARY}.",
    "persons": [{"name": f"{CANARY} Person", "role": "driver"}],
    "contacts": [{"name": "Duty desk", "telephone": "+000 1"}],
    "attachments": [{"media_type": "image/jpeg", "caption": "overview", "content": "/9j/4AAQ"}],
}


@dataclass(frozen=True, slots=True)
class SealedWorld:
    """The installation, its members' sides and the region's."""

    installation: Installation
    members: Mapping[str, MemberParts]
    region: RegionParts

    def settle(self) -> None:
        """Let everything happen that is due."""
        settle(self.installation, self.members, self.region)

    def ask(self, name: str, part: Mapping[str, Any] | None = None, **changes: Any) -> TraceKey:
        """A request with a sealed part, which is routed; its trace."""
        record = {**a_request(name, f"N-{name}"), "sealed_part": dict(PART if part is None else part), **changes}
        self.members[ASKER].submit("trace", record)
        self.settle()
        ((trace_id,),) = self.rows(
            self.installation.region_url, "select trace_id from trace where own_reference = %s", name
        )
        return TraceKey(ASKER, trace_id)

    def act(self, member: str, key: TraceKey, act: str, part: Mapping[str, Any], **more: Any) -> str:
        """An act of hop 1 that answers the request."""
        name = f"{act}-{secrets.token_hex(4)}"
        record = {
            "national_id": name,
            "own_reference": name,
            "handling": {"codes": ["H0"]},
            "act": act,
            "requester": key.requester,
            "trace_id": key.trace_id,
            "hop": 1,
            "cause": key.request_id,
            act: dict(part),
            **more,
        }
        (event,) = self.members[member].submit("trace", record)
        self.settle()
        return event

    def opened(self, member: str, key: TraceKey) -> list[Opened]:
        """What a member's desk opens of a trace."""
        with psycopg.connect(self.installation.desk_url(member)) as connection:
            return list(opened_parts(connection, opener_of(self.installation, member), key))

    def received(self, member: str, key: TraceKey) -> list[str]:
        """The acts of a trace that reached a member's inbox."""
        with psycopg.connect(self.installation.desk_url(member)) as connection:
            return [entry.act for entry in inbox_of(connection, [key])]

    def rows(self, url: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of a database."""
        with psycopg.connect(url) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def grants(self, member: str) -> list[tuple[str, str, int]]:
        """What a member has granted to others: record id, addressee, hop."""
        found = self.rows(self.installation.desk_url(member), "select record_id, addressee, hop from given_grant")
        return [(record, addressee, hop) for record, addressee, hop in found]


@contextmanager
def sealed_world(stack: Stack, folder: Path, directory: str = DIRECTORY) -> Iterator[SealedWorld]:
    """A new region of two members on topics and databases of its own."""
    region, var = folder / "region", folder / "var"
    region.mkdir()
    var.mkdir()
    (region / "directory.toml").write_text(directory, encoding="utf-8")
    write_settings(var, stack, f"g_{secrets.token_hex(6)}", f"t{secrets.token_hex(6)}.")
    installation = prepare(var, open_region(region), lambda _message: None)
    members = {code: member_parts(installation, code) for code in (ASKER, ASKED)}
    parts = region_parts(installation, members)
    try:
        yield SealedWorld(installation, members, parts)
    finally:
        parts.close()
        for member in members.values():
            member.close()
        for url in urls(installation):
            drop_database(installation.postgres_url, url.rsplit("/", 1)[1])
