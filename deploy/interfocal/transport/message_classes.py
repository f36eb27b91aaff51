"""Has the client library make what it reads messages by once, whichever threads ask for it first.

It changes with the client library. That makes classes and decoders when they are first needed, and threads that need
the same one at once spoil it for good: the process reads no answer of that kind any more, and every client in it waits
for ever. Of a class made twice, the lookup of answers keeps a weak reference to the one that is thrown away; a decoder
made while another thread puts the struct's class back builds its objects of a reference, which is no class.
"""

from threading import RLock
from typing import Any

from kafka.protocol.api_message import VersionSubscriptable
from kafka.protocol.schemas.fields.struct import StructField

_MAKING = RLock()
_class_of = VersionSubscriptable.__getitem__
_decoder_of = StructField.compiled_decode_from


def _class_once(message: VersionSubscriptable, version: int | None) -> Any:
    with _MAKING:
        return _class_of(message, version)


def _decoder_once(struct: StructField, *version: Any, **form: Any) -> Any:
    with _MAKING:
        return _decoder_of(struct, *version, **form)


def make_once() -> None:
    """From now on; call it before the first client is made, as often as you like."""
    VersionSubscriptable.__getitem__ = _class_once  # type: ignore[method-assign]  # nothing public helps
    StructField.compiled_decode_from = _decoder_once  # type: ignore[assignment,method-assign]
