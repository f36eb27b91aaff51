"""The keys with which desks of an installation open grants. It changes with kinds of keys."""

from consumers.desk.sealed import Opener
from interfocal.installation.installation import OPENING_KEY, Installation
from interfocal.installation.secrets import read_secret
from schemas.trust.opening import OpeningKeys, opening_key_from_pem


def opener_of(installation: Installation, code: str) -> Opener:
    """What one member's desk opens grants with; raises Misconfigured for a file that is no key, or is not private."""
    member = installation.directory.member(code)
    files = sorted(installation.places.secrets(member.owner).glob(f"*{OPENING_KEY}"))
    kids = {path: path.name.removesuffix(OPENING_KEY) for path in files}
    keys = {kid: opening_key_from_pem(kid, read_secret(path)) for path, kid in kids.items()}
    return Opener(installation.directory.region, member.code, OpeningKeys(keys))
