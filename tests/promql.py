"""Names of metrics and labels in expressions, compared with what the program and Prometheus itself have."""

import re

from declared import declared_metrics

OF_PROMETHEUS = {"up": frozenset(), "ALERTS": frozenset({"alertname", "alertstate", "severity", "member", "reader"})}
OF_TARGETS = frozenset({"job", "process", "instance", "member"})
OF_HISTOGRAMS = {"_bucket": frozenset({"le"}), "_sum": frozenset[str](), "_count": frozenset[str]()}
SELECTOR = re.compile(r"\b([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
NAME = re.compile(r"\b(?:interfocal_\w+|up|ALERTS)\b")
LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
GROUPED = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")


def labels_of(name: str) -> frozenset[str] | None:
    """The labels of a metric; None for one that there is not."""
    declared = declared_metrics()
    if name in OF_PROMETHEUS:
        return OF_PROMETHEUS[name] | OF_TARGETS
    for suffix, more in OF_HISTOGRAMS.items():
        base = name.removesuffix(suffix)
        if base != name and base in declared:
            return frozenset(declared[base]) | more | OF_TARGETS
    return frozenset(declared[name]) | OF_TARGETS if name in declared else None


def metrics_of(expression: str) -> set[str]:
    """The metrics that an expression names."""
    return set(NAME.findall(expression))


def unknown_names(expression: str) -> list[str]:
    """Metrics that there are not, and labels that none of its metrics has."""
    strange = [name for name in metrics_of(expression) if labels_of(name) is None]
    for name, matchers in SELECTOR.findall(expression):
        known = labels_of(name) or frozenset()
        strange += [f"{name}: {label}" for label in LABEL.findall(matchers) if label not in known]
    known_to_any = frozenset(label for name in metrics_of(expression) for label in labels_of(name) or ())
    grouped = [label.strip() for group in GROUPED.findall(expression) for label in group.split(",") if label.strip()]
    return sorted([*strange, *(f"by {label}" for label in grouped if label not in known_to_any)])
