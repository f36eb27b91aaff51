"""Where Prometheus finds the processes: ``prometheus-targets.json``, as its ``file_sd_configs`` read it.

It changes with the kinds of process. Who else starts processes writes such a file by hand, with the same labels.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from interfocal.installation.installation import Places

JOB = "interfocal"
ALONE = ("desks", "region")


def write_targets(var: Path, endpoints: Mapping[str, Any]) -> None:
    """Replace the file as a whole with the processes of these endpoints; an empty list where there are none."""
    path = Places(var).prometheus_targets
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(targets_of(endpoints), indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def targets_of(endpoints: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """One target a process: its name, and its member where it serves one alone."""
    served: dict[str, list[str]] = {}
    for code, url in endpoints.get("producers", {}).items():
        served.setdefault(url, []).append(code)
    found = [_target(url, f"producer-{codes[0].lower()}", codes) for url, codes in served.items()]
    return [*found, *(_target(endpoints[name], name, ()) for name in ALONE if name in endpoints)]


def _target(url: str, process: str, codes: Sequence[str]) -> Mapping[str, Any]:
    labels = {"job": JOB, "process": process}
    if len(codes) == 1:
        labels["member"] = codes[0]
    return {"targets": [urlsplit(url).netloc], "labels": labels}
