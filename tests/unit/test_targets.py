"""Prometheus finds every process by the file that is written with their addresses."""

import json
from pathlib import Path

from interfocal.installation.endpoints import announce, write_endpoints
from interfocal.installation.installation import Places
from interfocal.installation.targets import targets_of, write_targets

ENDPOINTS = {
    "producers": {"AA": "http://127.0.0.1:1001", "BB": "http://127.0.0.1:1002", "CC": "http://127.0.0.1:1002"},
    "desks": "http://127.0.0.1:1003",
    "region": "http://127.0.0.1:1004",
}


def test_each_process_is_one_target_with_its_member_where_it_serves_one_alone() -> None:
    assert targets_of(ENDPOINTS) == [
        {"targets": ["127.0.0.1:1001"], "labels": {"job": "interfocal", "process": "producer-aa", "member": "AA"}},
        {"targets": ["127.0.0.1:1002"], "labels": {"job": "interfocal", "process": "producer-bb"}},
        {"targets": ["127.0.0.1:1003"], "labels": {"job": "interfocal", "process": "desks"}},
        {"targets": ["127.0.0.1:1004"], "labels": {"job": "interfocal", "process": "region"}},
    ]


def test_the_file_follows_the_addresses(tmp_path: Path) -> None:
    write_endpoints(tmp_path, {"producers": {"AA": "http://127.0.0.1:1001"}})
    announce(tmp_path, {"region": "http://127.0.0.1:1004"})
    told = json.loads(Places(tmp_path).prometheus_targets.read_text(encoding="utf-8"))
    assert [target["labels"]["process"] for target in told] == ["producer-aa", "region"]


def test_without_processes_the_list_is_empty(tmp_path: Path) -> None:
    write_targets(tmp_path, {})
    assert json.loads(Places(tmp_path).prometheus_targets.read_text(encoding="utf-8")) == []
