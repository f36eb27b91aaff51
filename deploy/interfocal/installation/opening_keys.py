"""The keys to which anything is granted. It changes with kinds of keys."""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from interfocal.clock import now
from interfocal.installation.installation import Installation
from schemas.trust.opening import opening_key_of


def opening_keys(installation: Installation) -> Callable[[str], tuple[str, X25519PublicKey] | None]:
    """Says id and public half of the key that opens for a member now; None where it has none that it vouches for."""

    def of(code: str) -> tuple[str, X25519PublicKey] | None:
        directory, ring = installation.directory, installation.kept.ring
        return opening_key_of(directory, ring, code, int(now().timestamp()))

    return of
