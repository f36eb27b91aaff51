"""What processes say of themselves at ``/metrics``, as numbers. It changes with the format of metrics."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from interfocal.installation.targets import targets_of
from interfocal.transport.asking import client_of

TIMEOUT_S = 3.0
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One number: its name, its labels, its value."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Scraped:
    """One process: its name, where it answers, whether it is ready, and its samples; None when it does not answer."""

    process: str
    address: str
    ready: bool
    samples: Sequence[Sample] | None


def scrape_all(endpoints: Mapping[str, Any], authority: Path) -> Sequence[Scraped]:
    """Every process of these endpoints, several at once; raises nothing for those that do not answer.

    Raises Misconfigured when the certificates of whom they believe cannot be read.
    """
    targets = [(target["labels"]["process"], target["targets"][0]) for target in targets_of(endpoints)]
    with client_of(authority, TIMEOUT_S) as http, ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda target: scrape(http, *target), targets))


def scrape(http: httpx.Client, process: str, address: str) -> Scraped:
    """One process."""
    try:
        ready = http.get(f"https://{address}/health/ready").status_code == httpx.codes.OK
        samples = samples_of(http.get(f"https://{address}/metrics").text)
    except (httpx.HTTPError, ValueError):
        return Scraped(process, address, ready=False, samples=None)
    return Scraped(process, address, ready, samples)


def samples_of(text: str) -> Sequence[Sample]:
    """The samples of a scrape; raises ValueError for what is none."""
    return [
        Sample(sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


def total(samples: Iterable[Sample], name: str, **labels: str) -> float | None:
    """The sum of what has these labels; None when nothing has."""
    values = chosen(samples, name, **labels)
    return sum(values) if values else None


def most(samples: Iterable[Sample], name: str, **labels: str) -> float | None:
    """The largest of them: what several processes say of one database is the same."""
    return max(chosen(samples, name, **labels), default=None)


def chosen(samples: Iterable[Sample], name: str, **labels: str) -> list[float]:
    """Values of the samples with this name and these labels."""
    wanted = labels.items()
    return [sample.value for sample in samples if sample.name == name and wanted <= sample.labels.items()]
