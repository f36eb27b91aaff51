"""How much of a file is read at once, and what is said of a file that wants more. It changes with those limits."""

from schemas.errors import Rejected
from schemas.rejection import REJECTION_MESSAGES

MEBIBYTE = 1024 * 1024
MAX_WHOLE_BYTES = 100 * MEBIBYTE
"""Of a file of a format that is read as a whole."""

MAX_LINE_CHARACTERS = MEBIBYTE
"""Of a line, a row or an element; an event is far smaller."""

MAX_COLUMNS = 1_000


def not_readable(code: str, **parameters: str) -> Rejected:
    """The error for a file as a whole, with a code of ``schemas.rejection``."""
    return Rejected(REJECTION_MESSAGES[code].format_map(parameters), code=code, parameters=parameters)


def too_long(row: int) -> Rejected:
    """The error for a line or row that is longer than any record."""
    return not_readable("line_too_long", row=str(row), limit=str(MAX_LINE_CHARACTERS))


def check_whole(form: str, size: int) -> None:
    """Raises Rejected (``file_too_large``) for a file that is read as a whole and is larger than that allows."""
    if size > MAX_WHOLE_BYTES:
        raise not_readable("file_too_large", size=str(size), limit=str(MAX_WHOLE_BYTES), format=form)
