"""What clerks write where there is no number. It changes when another such text is met.

These texts must never be compared: two firearms "without number" are not the same firearm.
"""

from schemas.marks.keys import PLAIN, spoken_key
from schemas.marks.notation import RUN, is_known, tokens

_WORDS = frozenset(
    spoken_key(word)
    for words in (
        "none|nil|null|n/a|n.a.|n.n.|unk|unknown|not known|not recorded|not available|no number|no serial",
        "no serial number|no s/n|without number|illegible|unreadable|obliterated|erased|removed|x",
        "bez broja|bez br.|bez ser. br.|bez serijskog broja|b.b.|nema|nema broja|nema serijskog broja|nepoznato",
        "nepoznat|nepoznat broj|nečitko|nečitljiv|nečitljivo|izbrisan|izbrisano|uništen|uklonjen",
        "bez broj|bez seriski broj|nema broj|nepoznat|nečitliv|izbrišan|nema seriski broj",
        "pa numër|pa nr|pa numër serik|pa numër serie|nuk ka|nuk ka numër|s'ka|i panjohur|e panjohur|i fshirë",
        "fără număr|fără serie|fără nr|lipsă|nu are|necunoscut|ilizibil|șters",
        "без номера|немає|відсутній|невідомо|невідомий|нечитабельний|знищений",
        "нет|отсутствует|неизвестно|неизвестен|нечитаемый|уничтожен",
    )
    for word in words.split("|")
)
_RISING = "0123456789"
_SHORTEST_RISING = 6  # 123456 is typed to please a form; 1234 may well be a number
_SHORTEST_SAME = 5  # likewise 99999


def is_placeholder(text: str) -> bool:
    """Whether a number as written stands for no number at all, as 1, 000000, BEZ BROJA, N/A, ---, ?????.

    True as well for a text without any known sign, which says that a number could not be read.
    """
    return is_placeholder_key(spoken_key(text))


def is_placeholder_key(key: str) -> bool:
    """The same of a text whose spoken key is known."""
    every_sign_known = PLAIN.fullmatch(key) is not None and key != ""
    if not every_sign_known and not any(is_known(token) for token in tokens(key)):
        return True
    return key in _WORDS or _is_filler(key)


def _is_filler(key: str) -> bool:
    signs = set(key.replace(RUN, ""))
    if signs <= {"0"} or signs <= {"X"} or key == "1":
        return True
    if len(signs) == 1 and len(key) >= _SHORTEST_SAME:
        return True
    return len(key) >= _SHORTEST_RISING and (key in _RISING or key == _RISING[1:] + "0")
