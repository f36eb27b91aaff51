"""Reasons of quarantine are a closed set, and it holds whatever the code can give."""

import ast
from collections.abc import Iterator

from interfocal.quarantine.reasons import OF_THE_CODEC, OTHER, REASONS, known_reason
from source_tree import source_files

FAULTS = {"fault", "Malformed"}


def codes_given() -> Iterator[str]:
    """Codes of errors that the codec raises, as they stand in its source."""
    for source in source_files():
        if not source.path.startswith("schemas/wire/"):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FAULTS:
                yield from first_texts(node)


def first_texts(call: ast.Call) -> Iterator[str]:
    named = [word.value for word in call.keywords if word.arg == "code"]
    for argument in named or (call.args[:1] if isinstance(call.func, ast.Name) and call.func.id == "fault" else []):
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def test_every_code_of_the_codec_is_a_reason() -> None:
    given = set(codes_given())
    assert given - {"malformed"} == OF_THE_CODEC
    assert given < REASONS


def test_a_reason_of_another_version_is_other() -> None:
    assert known_reason("bad_signature") == "bad_signature"
    assert known_reason("original_bad_signature") == "original_bad_signature"
    assert known_reason("C-41377") == OTHER
