"""Keys of roots: files that belong onto a machine without a network. It changes when roots are kept in another way."""

from pathlib import Path

from interfocal.clock import random_bytes
from interfocal.installation.secrets import keep_secret, read_secret
from schemas.trust.keys import SigningKey, signing_key_from_pem, signing_key_from_seed, signing_key_pem

ROOT = "root"
SEED_BYTES = 32


def keep_root(path: Path) -> SigningKey:
    """The root in a file; a new one is made where there is none."""
    fresh = signing_key_pem(signing_key_from_seed(ROOT, ROOT, random_bytes(SEED_BYTES)))
    return signing_key_from_pem(ROOT, ROOT, keep_secret(path, fresh))


def read_root(path: Path) -> SigningKey:
    """The root in a file; raises Misconfigured when it is not there, or others may read it."""
    return signing_key_from_pem(ROOT, ROOT, read_secret(path))
