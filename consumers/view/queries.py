"""Questions that people ask the view. It changes when a list shows or filters by something else.

A list is data: its columns, where they come from, and the filters that it understands. Every value is bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from psycopg import Connection

from consumers.heads.heartbeats import CLOCK_TOLERANCE_S
from schemas.marks.keys import spoken_key, visual_key
from schemas.marks.patterns import is_partial, matches


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; None leaves a field open.

    ``since`` and ``until`` are UTC dates, both included: when it happened, or where that is not known, when it was
    recorded. ``serial`` may leave signs open (``?``, ``*``). Retracted records are shown only with ``retracted``.
    """

    member: str | None = None
    since: date | None = None
    until: date | None = None
    weapon_class: str | None = None
    make: str | None = None
    serial: str | None = None
    state: str | None = None
    reference: str | None = None
    retracted: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: shown column -> expression, and filter (a field of ``Wanted``) -> clause with one parameter.

    ``members`` are the columns that hold member codes, for which footnotes are due.
    """

    columns: Mapping[str, str]
    source: str
    filters: Mapping[str, str]
    order: str
    members: tuple[str, ...] = ("member",)
    stream: str | None = None
    standing: str = "true"


HAPPENED = "coalesce(occurred_at, recorded_at)"
SAME_RECORD = "(member, record_id, revision, sha256)"
BY_DATE = {
    "since": f"{HAPPENED} >= %s::date::timestamp at time zone 'UTC'",
    "until": f"{HAPPENED} < (%s::date + 1)::timestamp at time zone 'UTC'",
}
BY_RECORD = {"member": "member = %s", "reference": "own_reference = %s", **BY_DATE}
BY_MARKS = {"weapon_class": "weapon_class = %s", "make": "position(lower(%s) in lower(make)) > 0"}
BY_KEY = (
    "exists (select 1 from mark_key as key where key.stream = '{stream}' and key.value = any(%s) and {same}"
    " and (key.member, key.record_id, key.revision, key.sha256) = {of})"
)
OF_SEIZURE = "(seizure.member, seizure.record_id, seizure.revision, seizure.sha256)"
OF_ITEM = "(item.member, item.record_id, item.revision, item.sha256)"
OF_MISSING = "(missing.member, missing.record_id, missing.revision, missing.sha256)"
WITH_ITEM = f"exists (select 1 from item_revision as item where {OF_ITEM} = {OF_SEIZURE} and {{}})"
ACTIVE = "status = 'active'"
CLOCK_AHEAD = f"case when abs(clock_skew_s) > {CLOCK_TOLERANCE_S} then round(clock_skew_s)::bigint end"

LISTINGS: Mapping[str, Listing] = MappingProxyType(
    {
        "seizures": Listing(
            columns={
                "reference": "own_reference",
                "member": "member",
                "occurred_at": "occurred_at",
                "place": "coalesce(border_point, area)",
                "context": "context",
                "acquisition": "acquisition_mode",
                "items": f"(select count(*) from item_revision as item where {OF_ITEM} = {OF_SEIZURE})",
                "status": "status",
                "revision": "revision",
                "recorded_at": "recorded_at",
                "record_id": "record_id",
            },
            source="seizure_in_view as seizure",
            filters={
                **BY_RECORD,
                "weapon_class": WITH_ITEM.format("weapon_class = %s"),
                "make": WITH_ITEM.format(BY_MARKS["make"]),
                "serial": BY_KEY.format(stream="seizure", same="true", of=OF_SEIZURE),
            },
            order=f"{HAPPENED} desc, member, record_id",
            stream="seizure",
            standing=ACTIVE,
        ),
        "items": Listing(
            columns={
                "reference": "own_reference",
                "member": "member",
                "kind": "kind",
                "quantity": "quantity",
                "class": "weapon_class",
                "make": "make",
                "model": "model",
                "calibre": "calibre",
                "serial": "serial",
                "serial_state": "serial_state",
                "disposition": "disposition",
                "item_id": "item_id",
                "record_id": "record_id",
            },
            source=f"item_revision as item join seizure_in_view as seizure using {SAME_RECORD}",
            filters={
                **BY_RECORD,
                **BY_MARKS,
                "serial": BY_KEY.format(stream="seizure", same="key.place = item.place", of=OF_ITEM),
            },
            order=f"{HAPPENED} desc, member, record_id, place",
            stream="seizure",
            standing=ACTIVE,
        ),
        "missing": Listing(
            columns={
                "reference": "own_reference",
                "member": "member",
                "type": "type",
                "state": "state",
                "since": "since",
                "class": "weapon_class",
                "make": "make",
                "model": "model",
                "calibre": "calibre",
                "serial": "serial",
                "status": "status",
                "revision": "revision",
                "recorded_at": "recorded_at",
                "record_id": "record_id",
            },
            source="missing_in_view as missing",
            filters={
                **BY_RECORD,
                **BY_MARKS,
                "state": "state = %s",
                "serial": BY_KEY.format(stream="missing", same="true", of=OF_MISSING),
            },
            order=f"{HAPPENED} desc, member, record_id",
            stream="missing",
            standing=ACTIVE,
        ),
        "traces": Listing(
            columns={
                "reference": "own_reference",
                "requester": "requester",
                "state": "trace.state",
                "outcome": "outcome",
                "hop": "last_hop",
                "accountable": "hop.accountable",
                "rule": "hop.rule",
                "priority": "priority",
                "recorded_at": "recorded_at",
                "trace_id": "trace_id",
            },
            source=(
                "trace left join trace_hop as hop using (requester, trace_id)"
                " where trace.state <> 'waiting' and (hop.hop is null or hop.hop = last_hop)"
            ),
            filters={
                "member": "%s in (requester, hop.accountable)",
                "reference": "own_reference = %s",
                "state": "trace.state = %s",
                "since": "recorded_at >= %s::date::timestamp at time zone 'UTC'",
                "until": "recorded_at < (%s::date + 1)::timestamp at time zone 'UTC'",
            },
            order="recorded_at desc, requester, trace_id",
            members=("requester", "accountable"),
        ),
        "members": Listing(
            columns={
                "member": "member",
                "heard_at": "to_timestamp(appended_ms / 1000.0)",
                "said_at": "at",
                "clock_ahead_s": CLOCK_AHEAD,
                "life": "life",
                "heartbeat": "seq",
            },
            source="heartbeat",
            filters={"member": "member = %s"},
            order="member",
        ),
    }
)

SUMMARY = """
    select member, sum(seizures)::bigint as seizures, sum(retracted)::bigint as retracted, sum(items)::bigint as items,
        sum(firearms)::bigint as firearms, sum(missing)::bigint as missing_open, sum(traces)::bigint as traces
    from (
        select member, (status = 'active')::int as seizures, (status <> 'active')::int as retracted, 0 as items,
            0 as firearms, 0 as missing, 0 as traces from seizure_in_view
        union all select member, 0, 0, 1, case when kind = 'firearm' then quantity else 0 end, 0, 0
            from item_revision join seizure_in_view using (member, record_id, revision, sha256)
            where status = 'active'
        union all select member, 0, 0, 0, 0, (state = 'open')::int, 0 from missing_in_view where status = 'active'
        union all select requester, 0, 0, 0, 0, 0, 1 from trace where state <> 'waiting'
    ) as counted (member, seizures, retracted, items, firearms, missing, traces)
    where %(member)s::text is null or member = %(member)s group by member order by member
"""
SUMMARY_COLUMNS = ("member", "seizures", "retracted", "items", "firearms", "missing_open", "traces")

Shown = Sequence[Mapping[str, Any]]


def find(connection: Connection[Any], listing: str, wanted: Wanted, limit: int) -> Shown:
    """Rows of a list, the newest first: columns as in ``LISTINGS``, instants as text. Unknown filters are ignored."""
    asked = LISTINGS[listing]
    clauses, parameters = _clauses(connection, asked, wanted)
    columns = ", ".join(f'{expression} as "{name}"' for name, expression in asked.columns.items())
    joined = " and " if " where " in asked.source else " where "
    cursor = connection.execute(
        f"select {columns} from {asked.source}{joined}{' and '.join(clauses)} order by {asked.order} limit %s",
        [*parameters, limit],
    )
    return [dict(zip(asked.columns, map(_plain, values), strict=True)) for values in cursor]


def summary(connection: Connection[Any], member: str | None) -> Shown:
    """Counts of each member that has anything in the view: active records, and traces that it asked for."""
    cursor = connection.execute(SUMMARY, {"member": member})
    return [dict(zip(SUMMARY_COLUMNS, values, strict=True)) for values in cursor]


def filters_of(listing: str) -> frozenset[str]:
    """The fields of ``Wanted`` that a list understands."""
    return frozenset(LISTINGS[listing].filters)


def exact_keys(serial: str) -> tuple[str, ...]:
    """The keys of a number that has no open sign; none for one that has."""
    return () if is_partial(serial) else (visual_key(serial), spoken_key(serial))


def given(wanted: Wanted) -> list[str]:
    """The filters that are set; their values may be numbers of firearms, so no log holds them."""
    return sorted(field.name for field in fields(wanted) if getattr(wanted, field.name) not in (None, False))


def _clauses(connection: Connection[Any], asked: Listing, wanted: Wanted) -> tuple[list[str], list[Any]]:
    given = {name: value for name, value in asdict(wanted).items() if name in asked.filters and value is not None}
    if wanted.serial is not None and asked.stream is not None:
        given["serial"] = _keys(connection, asked.stream, wanted.serial)
    standing = "true" if wanted.retracted else asked.standing
    return [standing, *(asked.filters[name] for name in given)], list(given.values())


def _keys(connection: Connection[Any], stream: str, serial: str) -> list[str]:
    """Keys in the view that a number as typed may be: its own, or those that its open signs leave possible."""
    if exact := exact_keys(serial):
        return list(exact)
    pattern = visual_key(serial)
    known = connection.execute("select distinct value from mark_key where stream = %s and kind = 'visual'", [stream])
    return [value for (value,) in known if matches(pattern, value)]


def _plain(value: object) -> object:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
