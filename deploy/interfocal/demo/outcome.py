"""What a demo leaves behind: the report, and the list of routed traces. It changes with what the report must tell."""

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from interfocal.installation.installation import Installation
from producers.quality import MAKES
from schemas.errors import Stop
from schemas.marks.lookup import Found
from schemas.marks.reference import Reference, load_reference

DUTY_OFFICER = "duty_officer"
NAMED = """
    select make, weapon_class, model from item_current where make is not null or model is not null
    union all select make, weapon_class, model from missing_current where make is not null or model is not null
"""
COLUMNS = ("national_id", "asked_by", "delivered_to", "rule", "jurisdiction_note")
FIRST_HOPS = """
    select trace.own_reference, trace.requester, hop.accountable, hop.rule
    from trace left join trace_hop as hop
      on (hop.requester, hop.trace_id) = (trace.requester, trace.trace_id) and hop.hop = 1
    order by trace.own_reference collate "C", trace.requester collate "C"
"""


@dataclass(frozen=True, slots=True)
class RoutedTrace:
    """Where one request went first: a member's code, or the duty officer's list."""

    national_id: str
    asked_by: str
    delivered_to: str
    rule: str


def run_ledger(installation: Installation) -> dict[str, Any]:
    """The ledger's report, counted by a process of its own; raises Stop when it cannot count."""
    command = [sys.executable, "-m", "interfocal", "ledger", "verify", "--json", "--var", str(installation.var)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own program
    try:
        told: dict[str, Any] = json.loads(ended.stdout)
    except ValueError as error:
        raise Stop(f"the ledger could not count: {last_line(ended.stderr)}") from error
    return told


def last_line(text: str) -> str:
    """What a program said last."""
    return (text.strip().splitlines() or ["it said nothing"])[-1]


def reference_counts(installation: Installation) -> dict[str, int]:
    """Of the firearms in the view with a make or model: how many the reference tables resolve, or find ambiguous."""
    reference = load_reference()
    with psycopg.connect(installation.region_url) as region:
        counts = Counter(standing(reference, *named) for named in region.execute(NAMED).fetchall())
    return {kind: counts[kind] for kind in MAKES}


def standing(reference: Reference, make: str | None, weapon_class: str | None, model: str | None) -> str:
    """What the tables say of one firearm: its model where one was read, else its maker."""
    named = reference.find_model(make, weapon_class, model) if model else reference.find_maker(make)
    return "unknown" if named is None else "resolved" if isinstance(named, Found) else "ambiguous"


def write_report(path: Path, told: Mapping[str, Any], seconds: float) -> None:
    """The report as the demo leaves it."""
    path.write_text(json.dumps({**told, "seconds": round(seconds, 1)}, indent=2) + "\n", encoding="utf-8")


def add_to_report(path: Path, **told: Any) -> None:
    """Add to the report what was found after it was written, so that the report itself was searched."""
    report = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**report, **told}, indent=2) + "\n", encoding="utf-8")


def routed_traces(installation: Installation) -> Iterator[RoutedTrace]:
    """Every request and where its first hop went."""
    with psycopg.connect(installation.region_url) as region:
        for reference, requester, accountable, rule in region.execute(FIRST_HOPS).fetchall():
            if rule == "handed_over":
                yield RoutedTrace(reference or "", requester, requester, rule)
            else:
                yield RoutedTrace(reference or "", requester, accountable or DUTY_OFFICER, rule or DUTY_OFFICER)


def write_traces(path: Path, installation: Installation) -> None:
    """The list as CSV, with the footnotes of the members that it names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for routed in routed_traces(installation):
            notes = installation.directory.footnotes([routed.asked_by, routed.delivered_to])
            row = (routed.national_id, routed.asked_by, routed.delivered_to, routed.rule)
            writer.writerow((*row, " ".join(notes.values())))
