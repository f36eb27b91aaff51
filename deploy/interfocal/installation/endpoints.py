"""Where each process of an installation answers: ``endpoints.json``. It changes with what clients need to know.

``{"producers": {"RS": "https://..."}, "desks": "https://...", "region": "https://..."}``; written by whoever starts the
processes. API keys stay in their members' secrets folders.
"""

import fcntl
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from interfocal.installation.installation import Places
from interfocal.installation.secrets import read_secret
from interfocal.installation.settings import load_settings
from interfocal.installation.targets import write_targets
from interfocal.transport.local import LocalTrust
from schemas.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A member's HTTP intake, the key that its own desk and command line present, and whom they believe."""

    url: str
    api_key: SecretStr
    authority: Path


def read_endpoints(var: Path) -> dict[str, Any]:
    """Every address; raises Misconfigured when no process was ever started here."""
    path = Places(var).endpoints
    try:
        endpoints: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path} does not say where the processes answer: start them first") from error
    return endpoints


def write_endpoints(var: Path, endpoints: dict[str, Any]) -> None:
    """Replace the file as a whole, and with it that of Prometheus's targets."""
    path = Places(var).endpoints
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(endpoints, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
    write_targets(var, endpoints)


def announce(var: Path, part: Mapping[str, Any]) -> None:
    """Add where one process answers to what is written already; several processes may announce themselves at once."""
    path = Places(var).endpoints
    with path.with_suffix(".lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        known = read_endpoints(var) if path.exists() else {}
        producers = {**known.get("producers", {}), **part.get("producers", {})}
        write_endpoints(var, {**known, **part, "producers": producers})


def producer_endpoint(var: Path, member: str) -> Endpoint:
    """A member's intake; raises Misconfigured when no producer serves it here."""
    url = read_endpoints(var).get("producers", {}).get(member.upper())
    if url is None:
        raise Misconfigured(
            f"no producer process serves {member.upper()} here: start one with `interfocal run producer`"
        )
    key = read_secret(Places(var).secrets(member.lower()) / "api.key").decode().strip()
    return Endpoint(url, SecretStr(key), believed(var))


def believed(var: Path) -> Path:
    """The certificates of the authorities that are believed here; raises Misconfigured for settings that are none."""
    return load_settings(var).tls.authority or LocalTrust.under(var).authority
