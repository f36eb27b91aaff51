# What this project uses of Atheris 3, which has no type marker.
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

def instrument_imports(
    include: Sequence[str] = (), exclude: Sequence[str] = (), enable_loader_override: bool = True
) -> AbstractContextManager[None]: ...
def Setup(arguments: Sequence[str], run: Callable[[bytes], None]) -> Sequence[str]: ...  # noqa: N802
def Fuzz() -> None: ...  # noqa: N802
