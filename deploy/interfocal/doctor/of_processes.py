"""Checks of the processes that are written down: whether each answers, and is ready. It changes with health."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from interfocal.doctor import next_steps
from interfocal.doctor.finding import Finding, Subject
from interfocal.installation.endpoints import believed
from interfocal.installation.targets import targets_of
from interfocal.transport.asking import client_of

TIMEOUT_S = 3.0
LINES = 20


def processes(subject: Subject) -> Iterator[Finding]:
    """One finding for each that does not answer, and for each sentence of one that is not ready."""
    with client_of(believed(subject.var), TIMEOUT_S) as http:
        for target in targets_of(subject.endpoints):
            yield from _process(subject, http, target["targets"][0], target["labels"]["process"])


def served(subject: Subject, address: str) -> tuple[str, ...]:
    """Members whose producer answers at an address."""
    producers: Mapping[str, str] = subject.endpoints.get("producers", {})
    return tuple(code for code, url in producers.items() if url.endswith(f"//{address}"))


def _process(subject: Subject, http: httpx.Client, address: str, process: str) -> Iterator[Finding]:
    members, log = served(subject, address), subject.log_of(process)
    start = next_steps.run_producer(*members) if members else next_steps.run(process)
    try:
        answer = http.get(f"https://{address}/health/ready")
        waiting: Mapping[str, Any] = answer.json()["waiting"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        told = f"; its log is {log}" if log.exists() else ""
        sentence = f"the process {process} does not answer at {address} ({type(error).__name__}){told}"
        yield Finding("processes", sentence, start, members)
        return
    for reason in waiting.values():
        command = (
            f"tail -n {LINES} {log}"
            if log.exists()
            else f"curl -s --cacert {believed(subject.var)} https://{address}/health/ready"
        )
        yield Finding("processes", f"the process {process} is not ready: {reason}", command, members)
