"""The keys with which desks of an installation open grants, and to which they grant. It changes with kinds of keys."""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from consumers.desk.sealed import Opener
from interfocal.clock import now, random_bytes
from interfocal.installation.installation import OPENING_KEY, Installation
from interfocal.installation.secrets import read_secret
from producers.intake.sealing import PartSealing
from schemas.trust.opening import OpeningKeys, opening_key_from_pem, opening_key_of


def opener_of(installation: Installation, code: str) -> Opener:
    """What one member's desk opens grants with; raises Misconfigured for a file that is no key, or is not private."""
    member = installation.directory.member(code)
    files = sorted(installation.places.secrets(member.owner).glob(f"*{OPENING_KEY}"))
    kids = {path: path.name.removesuffix(OPENING_KEY) for path in files}
    keys = {kid: opening_key_from_pem(kid, read_secret(path)) for path, kid in kids.items()}
    return Opener(installation.directory.region, member.code, OpeningKeys(keys))


def opening_keys(installation: Installation) -> Callable[[str], tuple[str, X25519PublicKey] | None]:
    """Says id and public half of the key that opens for a member now; None where it has none that it vouches for."""

    def of(code: str) -> tuple[str, X25519PublicKey] | None:
        directory, ring = installation.directory, installation.kept.ring
        return opening_key_of(directory, ring, code, int(now().timestamp()))

    return of


def part_sealing(installation: Installation, code: str) -> PartSealing:
    """How one member's intake seals."""
    find = opening_keys(installation)
    return PartSealing(installation.directory.region, random_bytes, lambda: find(code))
