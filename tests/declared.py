"""Every metric that the program declares, with its labels."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics import MetricWrapperBase

from interfocal.process.metrics import Metrics


def declared_metrics() -> Mapping[str, tuple[str, ...]]:
    """Names as they are scraped, with their labels in order."""
    return dict(_declared(Metrics(CollectorRegistry())))


def _declared(group: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    for metric in vars(group).values():
        if isinstance(metric, MetricWrapperBase):
            said = vars(metric)
            name, labels = said["_name"], said["_labelnames"]
            yield f"{name}_total" if isinstance(metric, Counter) else name, tuple(labels)
        elif type(metric).__module__ == Metrics.__module__:
            yield from _declared(metric)
