"""A target that breaks its contract for inputs with a certain word, to see that the fuzzing engine finds such."""

from collections.abc import Sequence

from fuzz.target import Target

WORD = b"planted"


def run(data: bytes) -> None:
    assert WORD not in data


def accept(data: bytes) -> None:
    assert len(data) >= 0


def nothing() -> Sequence[bytes]:
    return [b""]


PLANTED = Target("planted", run, nothing, (WORD,))
SOUND = Target("sound", accept, nothing)
TARGETS = {target.name: target for target in (PLANTED, SOUND)}
