"""Every target by name. It changes when a surface is added."""

from collections.abc import Mapping

from fuzz import of_deliveries, of_files, of_http, of_records
from fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target for target in (*of_records.TARGETS, *of_deliveries.TARGETS, *of_files.TARGETS, *of_http.TARGETS)
}
