"""Whatever the Avro library raises, reading raises one error; what it would let pass is refused."""

import importlib
import inspect
import pkgutil
from typing import Any

import fastavro
import pytest

from records import a_seizure
from schemas.errors import Malformed
from schemas.wire.codec import decode, encode

KNOWN = (EOFError, IndexError, KeyError, MemoryError, OverflowError, RecursionError, TypeError, ValueError)


def library_errors() -> list[type[Exception]]:
    """Every error class of the library's own."""
    modules = [
        fastavro,
        *(
            importlib.import_module(f"fastavro.{m.name}")
            for m in pkgutil.iter_modules(fastavro.__path__)
            if m.name != "__main__"
        ),
    ]
    found = {
        cls
        for module in modules
        for cls in vars(module).values()
        if inspect.isclass(cls) and issubclass(cls, Exception) and cls.__module__.startswith("fastavro")
    }
    return sorted(found, key=lambda cls: cls.__name__)


def test_the_library_has_errors_of_its_own() -> None:
    assert {"SchemaResolutionError", "SchemaParseException"} <= {cls.__name__ for cls in library_errors()}


@pytest.mark.parametrize("cls", [*library_errors(), *KNOWN], ids=lambda cls: cls.__name__)
def test_every_error_of_the_library_is_a_malformed_value(cls: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    value = encode(a_seizure("a"))

    def fail(*_args: Any, **_options: Any) -> Any:
        raise cls.__new__(cls)

    monkeypatch.setattr(fastavro, "schemaless_reader", fail)
    with pytest.raises(Malformed, match=cls.__name__):
        decode(value)


def test_bytes_that_are_no_text_are_malformed() -> None:
    value = encode(a_seizure("case-number"))
    assert value.count(b"case-number") == 1
    with pytest.raises(Malformed, match="UnicodeDecodeError"):
        decode(value.replace(b"case-number", b"case\xffnumber"))


def test_a_field_that_the_schema_does_not_have_is_never_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library drops what it does not know unless it is told not to."""
    event = a_seizure("a")
    more = {**event.model_dump(), "suspect": "a name"}
    monkeypatch.setattr(type(event), "model_dump", lambda _self: more)
    with pytest.raises(Malformed, match="does not fit its schema"):
        encode(event)
