"""Dashboards show metrics that there are, in expressions that Prometheus reads, and leave none of ours out."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from declared import declared_metrics
from interfocal.process.stages import Stage
from promql import labels_of, metrics_of, unknown_names
from source_tree import ROOT

GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARDS = sorted(GRAFANA.glob("*.json"))
WIDTH = 24
LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
EVERY = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def read(path: Path) -> Mapping[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def targets(path: Path) -> Iterator[Mapping[str, str]]:
    """Every expression with its legend, the variable of the member filled in."""
    for panel in read(path)["panels"]:
        for target in panel["targets"]:
            yield {**target, "expr": target["expr"].replace("$member", "AA")}


def expressions() -> list[str]:
    return [target["expr"] for path in DASHBOARDS for target in targets(path)]


def test_there_is_one_for_the_flow_and_one_for_a_member() -> None:
    assert [path.stem for path in DASHBOARDS] == ["flow", "member"]


@EVERY
def test_a_dashboard_speaks_of_metrics_and_labels_that_there_are(path: Path) -> None:
    assert {target["expr"]: found for target in targets(path) if (found := unknown_names(target["expr"]))} == {}


@EVERY
def test_a_legend_speaks_of_labels_that_there_are(path: Path) -> None:
    for target in targets(path):
        known = {label for name in metrics_of(target["expr"]) for label in labels_of(name) or ()}
        assert set(LEGEND.findall(target["legendFormat"])) <= known, target


def test_prometheus_reads_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(expressions())]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    command = ["promtool", "check", "rules", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # Debian's
    assert told.returncode == 0, told.stdout + told.stderr


@EVERY
def test_panels_have_a_name_a_number_and_a_place_of_their_own(path: Path) -> None:
    panels = read(path)["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    assert [panel["title"] for panel in panels if not panel["targets"]] == []
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH, panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_every_metric_is_shown_or_watched() -> None:
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    shown = {name for text in [*expressions(), rules] for name in metrics_of(text)}
    shown |= {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}
    assert sorted(declared_metrics().keys() - shown) == []


def test_a_stage_that_an_expression_names_is_one() -> None:
    named = {stage for text in expressions() for stage in re.findall(r'stage="(\w+)"', text)}
    assert named
    assert named <= set(map(str, Stage))


def test_the_dashboard_of_a_member_asks_for_no_others() -> None:
    for target in targets(GRAFANA / "member.json"):
        assert 'member="AA"' in target["expr"]
