"""A metric's labels are given in few ways, each of which leads to a closed set."""

import ast

from source_tree import source_files

WAYS = {
    "*topic_labels(topic)": "member and stream of one of our topics",
    "member, stream": "the member whose key was presented, and the stream of the route",
    "stream_of(topic)": "the stream of one of our topics",
    "sending.owner.upper()": "the owner of an outbox: a member, or the region",
    "kind, rule or '-'": "codes of decision-kind and route-rule",
    "code, system, measure": "a member, a mapping of the region, and one of the measures of quality",
    "certificate": "one of the two that a process has",
    "worker": "a part of the process, named in the wiring",
}


def test_labels_are_given_in_ways_that_lead_to_a_closed_set() -> None:
    given = {
        ", ".join(ast.unparse(argument) for argument in node.args)
        for source in source_files()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "labels"
    }
    assert given == set(WAYS)
