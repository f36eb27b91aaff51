"""What the view and the router lock, so that neither misses what the other writes. It changes with what is matched."""

from schemas.events.firearm import Marks
from schemas.marks.keys import spoken_key, visual_key
from schemas.marks.patterns import is_partial
from schemas.marks.placeholders import is_placeholder

KINDS = (("visual", visual_key), ("spoken", spoken_key))


def comparable_numbers(marks: Marks) -> tuple[str, ...]:
    """The numbers that may be compared exactly: as read, complete, and no text that stands for no number."""
    read = (number.as_read for number in marks.numbers)
    return tuple(text for text in read if text and not is_placeholder(text) and not is_partial(text))


def number_keys(marks: Marks) -> frozenset[tuple[str, str]]:
    """``visual`` and ``spoken`` keys of the comparable numbers, as (kind, key). Equal marks share one of them."""
    numbers = comparable_numbers(marks)
    pairs = {(kind, key_of(text)) for kind, key_of in KINDS for text in numbers}
    return frozenset((kind, key) for kind, key in pairs if key)


def blocking_keys(marks: Marks) -> frozenset[str]:
    """Bucket keys of marks: whoever folds a missing record, and whoever looks for one, locks these first."""
    return frozenset(f"mark:{key}" for _, key in number_keys(marks))
