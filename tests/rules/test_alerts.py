"""Alerts can be loaded, fire for their fault and only then, speak of metrics that there are, and say what to do."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from documents import named, section
from promql import unknown_names
from source_tree import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
RUNBOOKS = ROOT / "deploy" / "runbooks"
HEADINGS = ["## What it means", "## Look", "## Repair", "## It is over when"]
LONGEST_PAGE = 45


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["promtool", *arguments]
    return subprocess.run(command, cwd=PROMETHEUS, capture_output=True, text=True, check=False)  # noqa: S603  # Debian's


def alerts() -> Mapping[str, Mapping[str, Any]]:
    """Every alert by its name."""
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def tried() -> Iterator[str]:
    """Names of alerts that a unit test sees fire: as its own expectation, or in one about the series ALERTS."""
    for test in yaml.safe_load((PROMETHEUS / "rules.test.yml").read_text(encoding="utf-8"))["tests"]:
        yield from (one["alertname"] for one in test.get("alert_rule_test", ()) if one["exp_alerts"])
        for one in test.get("promql_expr_test", ()):
            for sample in one["exp_samples"]:
                yield from re.findall(r'alertname="(\w+)"', sample["labels"] + one["expr"])


@pytest.mark.parametrize("arguments", [("check", "rules", "rules.yml"), ("test", "rules", "rules.test.yml")])
def test_the_rules_are_loaded_and_do_what_their_tests_say(arguments: tuple[str, ...]) -> None:
    told = promtool(*arguments)
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_configuration_is_loaded() -> None:
    told = promtool("check", "config", "prometheus.yml")
    assert told.returncode == 0, told.stdout + told.stderr


def test_every_alert_is_seen_to_fire_by_a_unit_test() -> None:
    assert set(tried()) == set(alerts())


@pytest.mark.parametrize("name", alerts())
def test_an_alert_speaks_of_metrics_and_labels_that_there_are(name: str) -> None:
    assert unknown_names(alerts()[name]["expr"]) == []


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_bad_it_is_what_is_wrong_and_where_to_read_on(name: str) -> None:
    alert = alerts()[name]
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook"}
    expected = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
    assert alert["annotations"]["runbook"] == f"deploy/runbooks/{expected}.md"
    assert (ROOT / alert["annotations"]["runbook"]).is_file()


def pages() -> list[Path]:
    """The pages that alerts name."""
    return [ROOT / alert["annotations"]["runbook"] for alert in alerts().values()]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_says_what_it_means_where_to_look_how_to_repair_and_when_it_is_over(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_PAGE
    assert lines[0].startswith("# ")
    assert [line for line in lines if line.startswith("## ")] == HEADINGS
    assert all(any(line.strip() for line in section(page, heading)) for heading in HEADINGS)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_names_commands(page: Path) -> None:
    assert [text for text in named(page.read_text(encoding="utf-8")) if text.startswith("interfocal ")]
