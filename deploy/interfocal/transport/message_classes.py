"""Has the client library make each class of its messages once, whichever threads ask for it first.

It changes with the client library. That makes a class for each version of a message when it is first asked for, and
keeps the newest by a weak reference where it looks up what an answer is. Two threads that ask at once make two: if the
kept one is that which is thrown away, the process can read no answer of that kind any more, and is silent for ever.
"""

from threading import RLock
from typing import Any

from kafka.protocol.api_message import VersionSubscriptable

_MAKING = RLock()
_make = VersionSubscriptable.__getitem__


def _make_once(message: VersionSubscriptable, version: int | None) -> Any:
    with _MAKING:
        return _make(message, version)


def make_once() -> None:
    """From now on; call it before the first client is made, as often as you like."""
    VersionSubscriptable.__getitem__ = _make_once  # type: ignore[method-assign]  # nothing public helps
