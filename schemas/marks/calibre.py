"""The key by which calibres are looked up. It changes when officers write calibres in another way.

The point stays here (4.5 is not .45), so the keys of serial numbers do not do.
"""

import re
import unicodedata

from schemas.marks.scripts import SPOKEN, UNDECORATED

# the sign of multiplication as it is typed: as itself, as a star, or as the Cyrillic letter that looks like it
_SIGNS = str.maketrans({",": ".", "×": "X", "*": "X", "Х": "X"})  # noqa: RUF001 - looks are the point
_WORD = re.compile(r"^\s*(?:CALIB[A-Z]*|KALIB[A-Z]*|CAL|KAL)\b[\s.:]*")
_MILLIMETRES = re.compile(r"(?<=\d)\s*MM\b\.?|(?<=\d)\s*MM(?=X)")
_NOISE = re.compile(r"\.(?!\d)|[^\w./]|_")
_ZERO_BEFORE_POINT = re.compile(r"(?<![\d.])0+(?=\.)")


def calibre_key(text: str) -> str:
    """A calibre without spaces, millimetres and the word calibre; decimal comma as point, any sign of times as X.

    ``7,62 * 39 mm`` and ``7.62x39`` have one key; ``9x18`` and ``9x19`` never have.
    """
    plain = _latin(unicodedata.normalize("NFKC", text).upper().translate(_SIGNS))
    plain = _MILLIMETRES.sub("", _WORD.sub("", plain))
    return _ZERO_BEFORE_POINT.sub("", _NOISE.sub("", plain))


def _latin(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.translate(SPOKEN))
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(UNDECORATED)
