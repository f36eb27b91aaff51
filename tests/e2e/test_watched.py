"""What an operator sees of real processes: a silent member within its time, and one request through all the logs."""

import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from interfocal.clock import now
from interfocal.installation.endpoints import producer_endpoint
from interfocal.transport.signing_in import trusting
from interfocal.trust.draft import Draft, signed
from interfocal.trust.roots import read_root
from prometheus_server import Server, watching
from running import DESKS, LIMIT_S, PRODUCER, REGION, Exchange, interfocal, until
from story import ASKED, ASKER, a_firearm, a_request, submit

NAMES = count(1)
MEMBERS = (ASKER, ASKED)
SILENT = [("MemberSilent", member) for member in MEMBERS]
EVERY_PROCESS = 'count(up{job="interfocal"} == 1)'


@pytest.fixture
def prometheus(exchange: Exchange, tmp_path: Path) -> Iterator[Server]:
    """A Prometheus that has scraped every process of the exchange."""
    exchange.restart(PRODUCER, INTERFOCAL_HEARTBEAT__EVERY_S="1")
    with watching(exchange.installation.var, tmp_path) as server:
        until(lambda: server.value(EVERY_PROCESS) == len(exchange.processes), "every process to be scraped")
        yield server
    exchange.restart(PRODUCER)


def test_members_whose_producer_is_frozen_fire_their_alerts_and_clear_when_it_goes_on(
    exchange: Exchange, prometheus: Server
) -> None:
    prometheus.wait_clear(*SILENT)
    pid = exchange.processes[PRODUCER].running.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        prometheus.wait_firing(*SILENT, ("ProcessDown", ""))
        told = interfocal("doctor", "--var", str(exchange.installation.var))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert told.returncode == 1
    assert "the process producer-aa does not answer" in told.stdout
    prometheus.wait_clear(*SILENT, ("ProcessDown", ""))


def test_a_producer_that_was_killed_is_found_again_at_its_new_start(exchange: Exchange, prometheus: Server) -> None:
    prometheus.wait_clear(*SILENT)
    os.kill(exchange.processes[PRODUCER].running.pid, signal.SIGKILL)
    prometheus.wait_firing(*SILENT)
    exchange.start(PRODUCER, INTERFOCAL_HEARTBEAT__EVERY_S="1")
    prometheus.wait_clear(*SILENT, ("ProcessDown", ""))
    until(lambda: prometheus.value(EVERY_PROCESS) == len(exchange.processes), "every process to be scraped again")


def test_the_age_of_a_heartbeat_is_known_again_after_the_region_has_started_anew(
    exchange: Exchange, prometheus: Server
) -> None:
    exchange.restart(REGION)
    until(lambda: prometheus.value("count(interfocal_heartbeat_age_seconds)") == len(MEMBERS), "both ages")


def test_the_region_says_what_it_heard_and_every_desk_finds_its_own_line_true(
    exchange: Exchange, prometheus: Server
) -> None:
    exchange.restart(REGION, INTERFOCAL_HEAD__EVERY_S="1")
    try:
        for code in MEMBERS:
            url = exchange.installation.desk_url(code)
            until(partial(holds_a_line, url), f"the desk of {code} to hold a line of the region")
        until(lambda: prometheus.value("count(interfocal_head_behind_seconds < 60)") == len(MEMBERS), "both desks")
        until(lambda: prometheus.value("max(interfocal_head_lines_unknown)") == 0, "no line that a desk does not know")
    finally:
        exchange.restart(REGION)


def holds_a_line(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select from head_line where verdict = 'held'").rowcount > 0


def hand_out(exchange: Exchange, life: timedelta) -> None:
    """The next version of the directory, in force for so long."""
    var, places = exchange.installation.var, exchange.installation.places
    document = signed(Draft(places.draft, places.trust.read()).dated(now(), life), [read_root(places.root_key)])
    (var / "next.jws").write_bytes(document)
    told = interfocal("directory", "publish", str(var / "next.jws"), "--var", str(var))
    assert told.returncode == 0, told.stderr


def test_a_directory_that_has_expired_is_told_and_the_next_version_sets_everything_going_again(
    exchange: Exchange, prometheus: Server
) -> None:
    hand_out(exchange, timedelta(seconds=2))
    prometheus.wait_firing(("DirectoryExpired", ""))
    doctor = interfocal("doctor", "--var", str(exchange.installation.var))
    assert "nothing is sent or decided until its next version is signed and published" in doctor.stdout
    (result,) = submit(exchange, ASKER, "trace", a_request(f"LATE-{next(NAMES)}", a_firearm("NLATE"), ASKED))
    assert result.outcome == "accepted"
    hand_out(exchange, timedelta(days=365))
    prometheus.wait_clear(("DirectoryExpired", ""), ("DirectoryExpiring", ""))
    arrived = "select purpose from inbox where of_event = %s"
    until(lambda: exchange.desk(ASKED, arrived, result.event_id) == [("accountable",)], "the request to be delivered")


def ask(exchange: Exchange, name: str, traceparent: str) -> Mapping[str, Any]:
    """Submit a request as a national system does that tells of the flow of work which it is part of."""
    endpoint = producer_endpoint(exchange.installation.var, ASKER)
    headers = {"X-Api-Key": endpoint.api_key.get_secret_value(), "traceparent": traceparent}
    record = a_request(name, a_firearm(f"N{name}"), ASKED)
    tls = trusting(endpoint.authority)
    answer = httpx.post(f"{endpoint.url}/v1/trace", json=record, headers=headers, timeout=LIMIT_S, verify=tls)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    told: dict[str, Any] = answer.json()
    return told


def facts(exchange: Exchange, flow: str) -> Sequence[Mapping[str, Any]]:
    """Every log line of a flow, in all processes, in the order of their times."""
    found: list[dict[str, Any]] = []
    for process in (PRODUCER, DESKS, REGION):
        path = exchange.installation.var / "logs" / f"{process}.log"
        lines = path.read_text(encoding="utf-8").splitlines()
        found += [json.loads(line) for line in lines if flow in line]
    return sorted(found, key=lambda fact: str(fact["timestamp"]))


def told(fact: Mapping[str, Any]) -> tuple[str, str, str]:
    """Who says what of which topic or stream."""
    about = fact.get("topic") or fact.get("stream") or fact.get("kind")
    return fact["process"].split()[0], fact["event"], str(about)


FACTS = {
    ("producer", "accepted", "trace"),
    ("producer", "published", "aa.trace"),
    ("region", "folded", "aa.trace"),
    ("region", "decided", "routing"),
    ("region", "published", "region.decision"),
    ("region", "folded", "region.decision"),
    *(("region", "published", f"region.inbox.{member}") for member in ("aa", "bb")),
    *(("desks", "folded", f"region.inbox.{member}") for member in ("aa", "bb")),
    ("producer", "accepted", "receipt"),
    *(("producer", "published", f"{member}.receipt") for member in ("aa", "bb")),
    *(("region", "folded", f"{member}.receipt") for member in ("aa", "bb")),
    *(("desks", "folded", topic) for topic in ("aa.trace", "aa.receipt", "bb.receipt")),  # a desk's own member's
}


def test_one_request_is_followed_through_the_logs_of_all_processes(exchange: Exchange) -> None:
    name, flow = f"FLOW-{next(NAMES)}", "0af7651916cd43dd8448eb211c80319c"
    answer = ask(exchange, name, f"00-{flow}-b7ad6b7169203331-01")
    until(lambda: {told(fact) for fact in facts(exchange, flow)} >= FACTS, "every fact to be written")
    lines = facts(exchange, flow)
    assert {told(fact) for fact in lines} == FACTS
    assert {fact["w3c_trace_id"] for fact in lines} == {flow}
    assert all(fact["event_id"] and fact["level"] == "info" for fact in lines)
    accepted = next(fact for fact in lines if told(fact) == ("producer", "accepted", "trace"))
    assert accepted["event_id"] == answer["event_id"]
    assert {fact["trace_id"] for fact in lines if "trace_id" in fact} == {answer["trace_id"]}
    assert name not in json.dumps(lines)


def test_a_request_that_names_no_flow_is_followed_by_its_own_id(exchange: Exchange) -> None:
    answer = ask(exchange, f"FLOW-{next(NAMES)}", "00-not-of-the-standard")
    flow = answer["event_id"].replace("-", "")
    assert answer["traceparent"].split("-")[1] == flow
    until(lambda: {told(fact) for fact in facts(exchange, flow)} >= FACTS, "every fact to be written")
