"""How a number that could not be read in full is written down. It changes with that notation only.

``?`` is one unknown sign, ``*`` an unknown run (which may be empty), ``[8B]`` one sign that is one of these.
"""

import re

ONE = "?"
RUN = "*"

NOTATION = re.compile(r"[?*\[]")
"""What a text holds in which not every sign is a character that was read."""

_TOKEN = re.compile(r"\[([^\[\]]+)\]|(.)", re.DOTALL)


def tokens(text: str) -> tuple[str, ...]:
    """The signs of a text in order: ``?``, ``*``, or the characters that may stand at one place.

    A bracket without its partner, or with nothing in it, stands for itself.
    """
    return tuple(found[1] or found[2] for found in _TOKEN.finditer(text))


def is_known(token: str) -> bool:
    """Whether exactly one character can stand at this place."""
    return len(token) == 1 and token not in (ONE, RUN)


def alternatives(characters: str) -> str:
    """One place with these possible characters, in the one way in which it is written in a key."""
    distinct = "".join(sorted(set(characters)))
    if ONE in distinct or RUN in distinct:
        return ONE
    return f"[{distinct}]" if len(distinct) > 1 else distinct
