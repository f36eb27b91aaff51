"""Partial numbers: comparing a key that has unknown signs with a complete one. It changes with that notation only."""

import unicodedata

from schemas.marks.notation import ONE, RUN, is_known, tokens


def is_partial(text: str) -> bool:
    """Whether a number as written leaves a sign open (``?``, ``*`` or ``[8B]``)."""
    return not all(is_known(token) for token in tokens(unicodedata.normalize("NFKC", text)))


def known_characters(pattern: str) -> int:
    """How many places of a key hold exactly one possible character: the weight of a partial number."""
    return sum(is_known(token) for token in tokens(pattern))


def matches(pattern: str, key: str) -> bool:
    """Whether a complete key is one that the pattern leaves possible.

    Both are keys of the same kind (see ``schemas.marks.keys``). The places of the key that are reached so far are
    bits of one integer, so the work grows with the product of the lengths at worst, and never with the choices.
    """
    places = _places(key)
    every = (1 << len(key)) - 1
    reached = 1
    for token in tokens(pattern):
        if token == RUN:
            reached = -(reached & -reached) & (every << 1 | 1)
        else:
            allowed = every if token == ONE else _any_of(places, token)
            reached = (reached & allowed) << 1
    return bool(reached >> len(key) & 1)


def _places(key: str) -> dict[str, int]:
    """Where each character stands in the key, as bits."""
    places: dict[str, int] = {}
    for index, character in enumerate(key):
        places[character] = places.get(character, 0) | 1 << index
    return places


def _any_of(places: dict[str, int], characters: str) -> int:
    bits = 0
    for character in characters:
        bits |= places.get(character, 0)
    return bits
