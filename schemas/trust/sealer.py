"""Seals drafts for a relay: the claims that follow from a draft and from where its chain stands.

It changes when a seal claims something else of its draft.
"""

from collections.abc import Callable
from datetime import datetime

from schemas.errors import NotOurs, Stop
from schemas.record import Draft, Link, Sealer
from schemas.topics import owner_of
from schemas.trust.keys import SigningKeys
from schemas.trust.seal import SealClaims, seal


def sealer(keys: SigningKeys, aud: str, now: Callable[[], datetime]) -> Sealer:
    """A sealer for every chain of the keys' owner in the region ``aud``; ``now`` gives aware times.

    The link says where the draft's chain stands, and the number is the one after it. The sealer raises NotOurs for a
    topic of another owner, Stop (``number_jumps``) for another number, NotInForce when no key may seal now, and what
    ``seal`` raises.
    """

    def seal_draft(draft: Draft, link: Link, seq: int) -> bytes:
        at_s = int(now().timestamp())
        key = keys.at(at_s)
        if owner_of(draft.topic) != key.owner:
            raise NotOurs(f"key {key.kid} of {key.owner} cannot seal for {draft.topic}")
        if seq != link.seq + 1:
            message = f"{draft.topic} stands at {link.seq} of life {link.life}, not before {seq}; recover its outbox"
            raise Stop(message, code="number_jumps")
        claims = SealClaims(
            kid=key.kid,
            aud=aud,
            topic=draft.topic,
            event_id=draft.event_id,
            key=draft.key,
            chain=key.owner,
            life=link.life,
            seq=seq,
            prev=link.prev,
            iat=at_s,
            after=link.after if seq == 1 else None,
        )
        return seal(draft.value, claims, key)

    return seal_draft
