"""Serbian in its two scripts, for checking that what is written in one says the same in the other."""

LATIN = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
LATIN |= {"љ": "lj", "њ": "nj", "џ": "dž"}


def in_latin(text: str) -> str:
    """Serbian Cyrillic read letter by letter; whatever else the text holds stays."""
    return "".join(_letter(sign) for sign in text)


def _letter(sign: str) -> str:
    latin = LATIN.get(sign.lower())
    if latin is None:
        return sign
    return latin if sign.islower() else latin[0].upper() + latin[1:]
