"""A metric's labels are given in few ways, each of which leads to a closed set."""

import ast

from source_tree import source_files

WAYS = {
    "*topic_labels(topic)": "member and stream of one of our topics",
    "*reader_labels(self.reader, topic)": "who reads, and member and stream of one of our topics",
    "*reader_labels(watched.reader, topic)": "the same",
    "*reader_labels(self.reader, gap.topic)": "the same",
    "*reader_labels(self.reader, topic), known_reason(reason)": "the same, and one of our reasons of quarantine",
    "*reader_labels(observer.reader, topic)": "the same",
    "observer.reader, observer.member": "who reads, and for which member",
    "self.reader, self.member, what": "who reads, for which member, and what it waits for",
    "stage, stream": "a stage of the path, and a stream",
    "Stage.FOLDED_TO_DECIDED, 'decision'": "one of them",
    "member, stream": "the member whose key was presented, and the stream of the route",
    "sending.owner.upper()": "the owner of an outbox: a member, or the region",
    "decision.kind, rule": "codes of decision-kind and route-rule",
    "code, system, measure": "a member, a mapping of the region, and one of the measures of quality",
    "certificate": "one of the two that a process has",
    "owner.upper()": "an owner of the directory: a member that publishes, or the region",
    "member": "the owner of one of our topics",
    "watched.reader, member": "whose log it is, and a member of the directory or the region",
    "worker": "a part of the process, named in the wiring",
    "code": "a member from whom the region has a heartbeat",
    "kind": "a kind of work",
    "state": "a state of a trace",
    "place": "a place of the installation, named in the wiring",
    "watched.member": "a member whose desk is here",
    "watched.member, revision": "a member or the region, and a migration that this version knows",
    "version('interfocal')": "the program's own version",
    "known.stream, str(known.version)": "a schema of the catalogue",
}


def test_labels_are_given_in_ways_that_lead_to_a_closed_set() -> None:
    given = {
        ", ".join(ast.unparse(argument) for argument in node.args)
        for source in source_files()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "labels"
    }
    assert given == set(WAYS)
