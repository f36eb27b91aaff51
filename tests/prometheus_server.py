"""Debian's Prometheus with our configuration, on a free port and at a pace that a test can wait for."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from interfocal.installation.endpoints import believed
from interfocal.installation.installation import Places
from interfocal.stack.machine import free_ports
from running import LIMIT_S, until
from source_tree import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
AUTHORITY = "../../var/tls/authority.pem"
TARGETS = "../../var/prometheus-targets.json"
PACE = {"10s": "1s"}
"""How often it scrapes, evaluates and reads its targets."""

SOONER = {"(interfocal_heartbeat_age_seconds) > 60": "(interfocal_heartbeat_age_seconds) > 12", "for: 20s": "for: 2s"}
"""Limits of alerts, shortened."""

Alert = tuple[str, str]
"""Its name, and the member that it names or nothing."""


@dataclass(frozen=True, slots=True)
class Server:
    """A Prometheus that runs."""

    url: str

    def firing(self) -> set[Alert]:
        """Alerts that fire now."""
        alerts = self._asked("alerts", {})["alerts"]
        return {
            (one["labels"]["alertname"], one["labels"].get("member", "")) for one in alerts if one["state"] == "firing"
        }

    def value(self, query: str) -> float | None:
        """The one value of a query; None when it has no result."""
        found = self._asked("query", {"query": query})["result"]
        return float(found[0]["value"][1]) if found else None

    def wait_firing(self, *alerts: Alert) -> None:
        """Until all of these fire."""
        until(lambda: set(alerts) <= self.firing(), f"{alerts} to fire")

    def wait_clear(self, *alerts: Alert) -> None:
        """Until none of these fires."""
        until(lambda: not set(alerts) & self.firing(), f"{alerts} to be over")

    def _asked(self, what: str, parameters: dict[str, str]) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{what}", params=parameters, timeout=LIMIT_S).json()
        assert answer["status"] == "success", answer
        return answer["data"]


@contextmanager
def watching(var: Path, folder: Path) -> Iterator[Server]:
    """A server that watches the processes of an installation; it is stopped at the end."""
    config = written(var, folder)
    (port,) = free_ports(1)
    url = f"127.0.0.1:{port}"
    arguments = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={url}"]
    log = (folder / "prometheus.log").open("wb")
    with log, subprocess.Popen(["prometheus", *arguments], stdout=log, stderr=log) as server:  # noqa: S603, S607  # Debian's
        try:
            until(lambda: answers(f"http://{url}/-/ready"), "Prometheus to start")
            yield Server(f"http://{url}")
        finally:
            server.terminate()


def written(var: Path, folder: Path) -> Path:
    """Our configuration and rules for this installation, at another pace."""
    config = replaced(
        PROMETHEUS / "prometheus.yml",
        {TARGETS: str(Places(var).prometheus_targets), AUTHORITY: str(believed(var)), **PACE},
    )
    (folder / "rules.yml").write_text(replaced(PROMETHEUS / "rules.yml", SOONER), encoding="utf-8")
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    return folder / "prometheus.yml"


def replaced(path: Path, pairs: dict[str, str]) -> str:
    """A file with texts replaced, each of which has to be in it."""
    text = path.read_text(encoding="utf-8")
    for before, after in pairs.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


def answers(url: str) -> bool:
    """Whether something answers well there."""
    try:
        return httpx.get(url, timeout=LIMIT_S).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
