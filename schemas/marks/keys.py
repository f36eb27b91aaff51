"""Match keys: values derived from what was read, for comparing only. It changes when comparing changes.

A key is never shown or stored in place of what was read. All keys are total: any text has one, possibly empty.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from schemas.marks.notation import NOTATION, ONE, RUN, alternatives, is_known, tokens
from schemas.marks.scripts import ONE_MARK_TWO_SIGNS, SPOKEN, TWINS, UNDECORATED

PLAIN = re.compile(r"[\x00-)+->@-Z\\-\x7f]*")
"""Texts that fold sign by sign: ASCII without the signs of the notation. Most are, and these are forty times faster."""

ASCII_SEPARATORS = {ord(sign): None for sign in map(chr, range(128)) if not sign.isalnum() and sign not in (ONE, RUN)}
"""For ``str.translate``, which drops them at once: most marks are ASCII when folded, whatever they were read as."""

_MOST_PASSES = 8  # two suffice for every known character; the bound keeps the function total


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """What was read, and every key derived from it."""

    verbatim: str
    visual: str
    spoken: str
    digits: str


def match_keys(text: str) -> MatchKeys:
    """All keys of a mark, beside the mark itself."""
    visual = visual_key(text)
    return MatchKeys(text, visual, spoken_key(text), _digits_of(visual))


def visual_key(text: str) -> str:
    """How a mark looks: case, separators and script twins folded, O = 0, I = 1; ``?``, ``*``, ``[8B]`` kept.

    No other look-alike is folded (8 and B, 5 and S, Č and C stay apart): those are scored, with their own evidence.
    """
    return _settled(text, _look, _plain_look)


def spoken_key(text: str) -> str:
    """How a mark is read aloud, in plain Latin capitals: В becomes V, Đ and Ђ become D; ``?``, ``*``, ``[8B]`` kept."""  # noqa: RUF002
    return _settled(text, _sound, _letters_and_digits)


def digits_key(text: str) -> str:
    """The digits of the visual key. An unknown sign may be a letter, so it becomes a run (which may be empty).

    What a partial number matches, its digits key matches as well.
    """
    return _digits_of(visual_key(text))


def _digits_of(visual: str) -> str:
    if PLAIN.fullmatch(visual):
        return "".join(filter(str.isdecimal, visual))
    folded = "".join(_digit_part(token) for token in tokens(visual))
    while RUN + RUN in folded:
        folded = folded.replace(RUN + RUN, RUN)
    return folded


def _letters_and_digits(plain: str) -> str:
    return "".join(filter(str.isalnum, plain.upper()))


def _plain_look(plain: str) -> str:
    return _letters_and_digits(plain).translate(ONE_MARK_TWO_SIGNS)


def _digit_part(token: str) -> str:
    if token in (ONE, RUN):
        return RUN
    digits = "".join(character for character in token if "0" <= character <= "9")
    if not digits:
        return ""
    return alternatives(digits) if len(digits) == len(token) else RUN


def _look(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.upper())  # so that Ё and Ë meet as E with two dots
    return unicodedata.normalize("NFC", apart.translate(TWINS)).translate(ONE_MARK_TWO_SIGNS)


def _sound(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.upper().translate(SPOKEN))
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(UNDECORATED).upper()


def _settled(text: str, fold: Callable[[str], str], fold_plain: Callable[[str], str]) -> str:
    """Fold until nothing changes: dropping a separator can let two characters compose into another."""
    for _ in range(_MOST_PASSES):
        if PLAIN.fullmatch(text):
            return fold_plain(text)
        folded = _folded(text, fold)
        if folded == text:
            break
        text = folded
    return text


def _folded(text: str, fold: Callable[[str], str]) -> str:
    """One pass. Runs of known characters are folded as a whole, for a letter may be several characters."""
    text = unicodedata.normalize("NFKC", text)
    if not NOTATION.search(text):
        return _significant(fold(text))
    parts: list[str] = []
    known = ""
    for token in tokens(text):
        if is_known(token):
            known += token
            continue
        parts += [_significant(fold(known)), _unknown(token, fold)]
        known = ""
    return "".join([*parts, _significant(fold(known))])


def _unknown(token: str, fold: Callable[[str], str]) -> str:
    if token in (ONE, RUN):
        return token
    choices = [_significant(fold(c)) for c in token if _significant(c)]
    if any(len(choice) != 1 for choice in choices):  # Љ is read LJ: no longer one sign at one place
        return RUN
    return alternatives("".join(choices))


def _significant(text: str) -> str:
    """Letters and digits; decimal digits of every script as 0-9. Everything else separates or decorates."""
    if text.isascii():
        return text.translate(ASCII_SEPARATORS)
    return "".join(_plain(c) for c in text if c.isalnum() or c in (ONE, RUN))


def _plain(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character
