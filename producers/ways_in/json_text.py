"""JSON as it comes from outside: strict, bounded, and never a surprise. It changes with what JSON we let in.

Numbers with a point stay text, in their own spelling: no field of the data set is one, and a digest has to be the same
on every machine.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from schemas.errors import Rejected

MAX_DEPTH = 24
HALF_PAIR = re.compile(r"\\u[dD]")


def parse_json(text: str, form: str = "json") -> Any:
    """The value of a JSON text.

    Raises Rejected (``malformed_file``) with the place of what is wrong: not JSON, a name twice in one object, NaN or
    Infinity, half a surrogate pair, more than ``MAX_DEPTH`` levels.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=str)
    except json.JSONDecodeError as error:
        raise malformed(form, f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise malformed(form, f"more than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise malformed(form, str(error)) from None
    if _is_deeper(value, MAX_DEPTH):
        raise malformed(form, f"more than {MAX_DEPTH} levels")
    if HALF_PAIR.search(text) and not _is_unicode(value):
        raise malformed(form, "half a surrogate pair is no character")
    return value


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines of JSON Lines that hold something, with their numbers. Only a line feed ends a line."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def decoded(content: bytes, encoding: str) -> str:
    """The text of a file; raises Rejected (``wrong_encoding``) with the first byte that does not fit."""
    # A mark at the start is no part of the text.
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        place = str(error.start + 1)
        raise Rejected(
            f"byte {place} is not {encoding}",
            code="wrong_encoding",
            parameters={"encoding": encoding, "position": place},
        ) from None


def malformed(form: str, detail: str) -> Rejected:
    """The error for a file or body that cannot be read."""
    message = f"it cannot be read as {form}: {detail}"
    return Rejected(message, code="malformed_file", parameters={"format": form, "detail": detail})


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"{twice[:40]!r} stands twice in one object")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_unicode(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in inner)
