"""Which letters of different scripts look the same, and how they are read aloud. It changes with those tables only.

Looks and sounds disagree on purpose: the Cyrillic V looks like a Latin B. People copy marks by either.
"""

# ruff: noqa: RUF001 - a table of letters that look alike

from collections.abc import Mapping
from types import MappingProxyType

_CYRILLIC_TWINS = dict(zip("АВЕЅІЈКМНОРСТУХӀ", "ABESIJKMHOPCTYXI", strict=True))
_GREEK_TWINS = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True))

TWINS: Mapping[int, str] = MappingProxyType(str.maketrans(_CYRILLIC_TWINS | _GREEK_TWINS))
"""Capital letters that no eye can tell from a Latin one."""

ONE_MARK_TWO_SIGNS: Mapping[int, str] = MappingProxyType(str.maketrans({"O": "0", "I": "1"}))
"""Stamps often use one punch for both; registers that fold them find more. No other look-alike is folded."""

_SERBIAN = {
    **dict(zip("АБВГДЕЗИЈКЛМНОПРСТУФХЦ", "ABVGDEZIJKLMNOPRSTUFHC", strict=True)),
    "Ђ": "Đ",
    "Ж": "Ž",
    "Љ": "LJ",
    "Њ": "NJ",
    "Ћ": "Ć",
    "Ч": "Č",
    "Џ": "DŽ",
    "Ш": "Š",
}
_MACEDONIAN = {"Ѓ": "Ǵ", "Ќ": "Ḱ", "Ѕ": "DZ"}
_UKRAINIAN_RUSSIAN = {
    "Ґ": "G",
    "Є": "YE",
    "І": "I",
    "Ї": "YI",
    "Й": "Y",
    "Щ": "ŠČ",
    "Ю": "YU",
    "Я": "YA",
    "Ё": "E",
    "Ў": "U",
    "Ы": "Y",
    "Э": "E",
    "Ъ": "",
    "Ь": "",
}

SPOKEN: Mapping[int, str] = MappingProxyType(str.maketrans(_UKRAINIAN_RUSSIAN | _MACEDONIAN | _SERBIAN))
"""Cyrillic capitals as they are read aloud; where languages differ (Г, И, Х), the Serbian reading holds."""

UNDECORATED: Mapping[int, str] = MappingProxyType(
    str.maketrans({"Đ": "D", "Ð": "D", "Ł": "L", "Ø": "O", "Ħ": "H", "Ŧ": "T", "Æ": "AE", "Œ": "OE", "Þ": "TH"})
)
"""Latin capitals whose decoration Unicode does not take apart."""
