"""The secrets of one topic owner on this machine, and what others are told of them. It changes with kinds of keys."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from interfocal.clock import random_bytes, random_token
from interfocal.installation.installation import Places, opening_key_file
from interfocal.installation.secrets import keep_secret, read_secret, write_private
from schemas.directory import Key, OpeningKey
from schemas.errors import Misconfigured
from schemas.events.ids import id_key_check
from schemas.trust.keys import SigningKey, directory_key, signing_key_from_pem, signing_key_from_seed, signing_key_pem
from schemas.trust.opening import (
    directory_opening_key,
    opening_key_from_pem,
    opening_key_from_seed,
    opening_key_pem,
)
from schemas.trust.vouching import vouch

KEY_LIFE = timedelta(days=730)
WRONG_CLOCK = timedelta(days=7)  # what an owner whose clock is that far behind seals is its own from the first day on
SEED_BYTES = 32
ID_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    """One owner's share of an installation's secrets. What is there already is kept."""

    places: Places
    region: str
    owner: str

    def first(self, at: datetime) -> Key:
        """The first signing key, valid from a week before this moment on: the owner's own clock may be behind."""
        return self._entry(self._signing_key(f"{self.owner}.1"), at - WRONG_CLOCK)

    def following(self, known: Sequence[Key], at: datetime, *, vouched: bool = True) -> Key:
        """The next signing key, with the voucher of the newest before it that is here.

        Without a voucher it is a re-enrolment, which people have to confirm at every installation. Raises Misconfigured
        when a voucher is asked for and no key that may give one is here.
        """
        key = self._entry(self._signing_key(f"{self.owner}.{len(known) + 1}"), at)
        if not vouched:
            return key
        usable = [one for one in known if one.ended is None and self.places.seal_key(self.owner, one.kid).exists()]
        if not usable:
            raise Misconfigured(
                f"no key of {self.owner} that may vouch for a new one is in {self.places.secrets(self.owner)};"
                " without a voucher people have to confirm the new key at every installation"
            )
        return vouch(self.region, self.owner, key, self.signing_key(usable[-1].kid))

    def opening(self, known: Sequence[OpeningKey], at: datetime, by: Key) -> OpeningKey:
        """The next key that opens grants, vouched for by a signing key that is here. Keys before it stay for theirs.

        The first is valid from a week before this moment on, as the first signing key is.
        """
        kid = f"{self.owner}.open.{len(known) + 1}"
        fresh = opening_key_pem(opening_key_from_seed(random_bytes(SEED_BYTES)))
        key = opening_key_from_pem(kid, keep_secret(opening_key_file(self.places, self.owner, kid), fresh))
        start = int((at if known else at - WRONG_CLOCK).timestamp())
        span_s = (start, start + int(KEY_LIFE.total_seconds()))
        return directory_opening_key(kid, key, span_s, self.region, self.signing_key(by.kid))

    def signing_key(self, kid: str) -> SigningKey:
        """One private key; raises Misconfigured when it is not here."""
        return signing_key_from_pem(kid, self.owner, read_secret(self.places.seal_key(self.owner, kid)))

    def id_key_check(self) -> str:
        """What the directory says of the id key, which is made when there is none yet."""
        path = self.places.secrets(self.owner) / "id.key"
        return id_key_check(bytes.fromhex(keep_secret(path, random_bytes(ID_KEY_BYTES).hex().encode()).decode()))

    def keep_api_key(self) -> None:
        """One API key for the owner's own desk and command line; the producer knows its hash only."""
        token = keep_secret(self.places.secrets(self.owner) / "api.key", random_token().encode())
        register = self.places.member(self.owner) / "api-keys.json"
        if not register.exists():
            digest = hashlib.sha256(token).hexdigest()
            keys = {"keys": [{"id": "1", "system": "desk", "sha256": digest, "revoked_at": None}]}
            write_private(register, json.dumps(keys, indent=2).encode())

    def _signing_key(self, kid: str) -> SigningKey:
        fresh = signing_key_pem(signing_key_from_seed(kid, self.owner, random_bytes(SEED_BYTES)))
        return signing_key_from_pem(kid, self.owner, keep_secret(self.places.seal_key(self.owner, kid), fresh))

    @staticmethod
    def _entry(key: SigningKey, at: datetime) -> Key:
        start = int(at.timestamp())
        return directory_key(key.public(start, start + int(KEY_LIFE.total_seconds())))
