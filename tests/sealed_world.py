"""A small region whose members seal, grant and erase: run by hand until nothing is under way."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import class_row

from consumers.desk.inbox import inbox_of
from consumers.desk.sealed import GRANT_COLUMNS, HeldGrant, Opened, opened_parts, refused_in
from consumers.source import Broker, KafkaTopicReader
from consumers.store.connection import connector
from consumers.store.session import Session
from consumers.tracing.decide import Ruling, to_accountable
from consumers.tracing.deciding import Office, read_case
from consumers.tracing.deciding import settle as office_settle
from consumers.tracing.trace import TraceKey
from consumers.tracing.wants import ROUTING, Want
from interfocal.clock import now
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.installation.opening import opener_of
from interfocal.installation.opening_keys import opening_keys
from interfocal.installation.preparing import prepare
from interfocal.installation.region_folder import open_region
from interfocal.stack import Stack, drop_database
from interfocal.wiring.recovery import lasting_keys
from interfocal.wiring.region import sending_topics
from producers.intake.result import Result
from schemas.events.decision import Routing
from schemas.marks.reference import load_reference
from schemas.topics import is_compacted
from schemas.trust.sealed_parts import GRANT_SUITE, Place, Terms, wrap
from small_records import ASKED, ASKER, a_request
from small_region import (
    DIRECTORY,
    ENTRANCE,
    MemberParts,
    RegionParts,
    member_parts,
    region_parts,
    settle,
    urls,
    write_settings,
)

CANARY = "kanarinac-7f3a19"
PART = {
    "case_details": f"Found under the seat, {CANARY}.",
    "persons": [{"name": f"{CANARY} Person", "role": "driver"}],
    "contacts": [{"name": "Duty desk", "telephone": "+000 1"}],
    "attachments": [{"media_type": "image/jpeg", "caption": "item", "content": "/9j/4AAQ"}],
}


@dataclass(slots=True)
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
        """An act of hop 1 that answers the request, accepted; its event id."""
        (result,) = self.submitted(member, key, act, part, **more)
        assert result.outcome == "accepted", result
        return result.event_id or ""

    def submitted(
        self, member: str, key: TraceKey, act: str, part: Mapping[str, Any], **more: Any
    ) -> tuple[Result, ...]:
        """What intake says of an act of hop 1 that answers the request, and all that follows."""
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
        results = self.members[member].intake.submit("trace", [record], ENTRANCE)
        self.settle()
        return results

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

    def refused(self, key: TraceKey) -> list[tuple[int, str, str]]:
        """Whom the asker's desk does not give the key, and why."""
        with psycopg.connect(self.installation.desk_url(ASKER)) as connection:
            return list(refused_in(connection, key))

    def own_grant(self, member: str, key: TraceKey) -> str:
        """The grant of the request's part to the member's own desk."""
        query = "select record_id from held_grant where member = %s and of_event = %s and hop = 0"
        ((record,),) = self.rows(self.installation.desk_url(member), query, member, key.request_id)
        return str(record)

    def force_routing(self, key: TraceKey) -> None:
        """A region that does what its own rules forbid: it names the asked member all the same."""
        office = Office(self.installation.directory, load_reference(), now)
        routing = Routing(rule="duty_officer", accountable=ASKED, channel="direct")
        ruling = Ruling("routing", routing, to_accountable(ASKED, ASKER), "D-1", "other")

        def decide(transaction: Connection[Any]) -> object:
            request = Want(ROUTING, key.request_id, 1, key.request_id)
            case = read_case(transaction, request, key)
            assert case is not None
            earlier = case.trace.hops[-1].decision
            assert earlier is not None
            want = Want(ROUTING, key.request_id, 1, earlier.event_id)
            return office_settle(transaction, office, case, want, ruling)

        with closing(Session(connector(self.installation.region_url, "test"))) as session:
            assert session.transact(decide) is not None
        self.settle()

    def forge_grant(self, key: TraceKey, **changed: Any) -> None:
        """The asker grants its request's part to the asked member, and says another thing of it than it is bound to."""
        opener, keys = opener_of(self.installation, ASKER), opening_keys(self.installation)
        query = f"select {GRANT_COLUMNS} from held_grant where of_event = %s and hop = 0"
        url = self.installation.desk_url(ASKER)
        with psycopg.connect(url) as connection, connection.cursor(row_factory=class_row(HeldGrant)) as cursor:
            held = cursor.execute(query.encode(), [key.request_id]).fetchone()
        found = keys(ASKED)
        assert held is not None
        assert found is not None
        terms = Terms(
            Place(self.installation.directory.region, ASKER, held.of_event), held.ciphertext_sha256, 1, ASKED, found[0]
        )
        record = {
            "national_id": secrets.token_hex(8),
            "of_event": held.of_event,
            "ciphertext_sha256": held.ciphertext_sha256,
            "hop": 1,
            "addressee": ASKED,
            "opening_key": found[0],
            "suite": GRANT_SUITE,
            "wrapped": wrap(opener.content_key(held), terms, found[1]),
            "handling": {"codes": ["H0"]},
            **changed,
        }
        self.members[ASKER].submit("grant", record)
        self.settle()

    def holders_of(self, grant: str) -> list[str]:
        """The databases that still hold a grant, or the record that brought it."""
        return [
            url
            for url in urls(self.installation)
            if self.rows(url, "select 1 from event where key = %s or record_id = %s", grant, grant)
        ]

    def lasting_keys(self) -> frozenset[str]:
        """The grants that lie on a topic and are not cleared from it."""
        topics = [
            topic for topic in (*sending_topics(self.installation), "aa.grant", "bb.grant") if is_compacted(topic)
        ]
        with closing(
            KafkaTopicReader(Broker(admin_access_of(self.installation), "test", self.installation.prefix))
        ) as reader:
            return frozenset().union(*(lasting_keys(reader, topic) for topic in topics))

    def read_grants_again(self) -> None:
        """Every database reads every grant once more, as one that is built anew."""
        self.region.close()
        for url in urls(self.installation):
            with psycopg.connect(url) as connection:
                connection.execute("update topic_position set next_offset = 0 where topic like '%grant%'")
        self.region = region_parts(self.installation, self.members)
        self.settle()


@contextmanager
def sealed_world(stack: Stack, folder: Path, directory: str = DIRECTORY) -> Iterator[SealedWorld]:
    """A new region of these members on topics and databases of its own."""
    region, var = folder / "region", folder / "var"
    region.mkdir()
    var.mkdir()
    (region / "directory.toml").write_text(directory, encoding="utf-8")
    write_settings(var, stack, f"g_{secrets.token_hex(6)}", f"t{secrets.token_hex(6)}.")
    installation = prepare(var, open_region(region), lambda _message: None)
    members = {code: member_parts(installation, code) for code in installation.desk_urls}
    parts = region_parts(installation, members)
    world = SealedWorld(installation, members, parts)
    try:
        yield world
    finally:
        world.region.close()
        for member in members.values():
            member.close()
        for url in urls(installation):
            drop_database(installation.postgres_url, url.rsplit("/", 1)[1])
