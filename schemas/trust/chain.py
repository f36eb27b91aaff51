"""Whether records are sealed by the owner of their topic, one by one or by walking a chain back.

It changes when a seal is checked against something else of its record.

**Two parts.** ``check_record`` does everything but the signature, and is done on every record. The signature is then
either verified, or vouched for: a seal names the hash of the seal and value before it (``prev``), so an accepted seal
proves that its signer held exactly those bytes as the number before. ``verify_records`` goes from the last record to
the first; what no accepted later record vouches for is verified. A voucher counts only for the same signing key (so
the same owner and chain), topic and life and for the number just before its own, and only an accepted record vouches.

**What the walk proves.** A walked record was sealed by the holder of the key that signed the end of its run, or that
holder put bytes he never sealed under his own next seal. ``seal`` never does: it verifies what it signs. So for
everybody but the key's holder the verdict is that of verifying each signature:

- a forged record that points at real ones is verified, refused, and vouches for nothing; the real ones are vouched
  for by their own successors, or verified;
- a changed record has another hash, so its real successor does not vouch for it; its own signature decides;
- repeats, foreign bytes in between, gaps and other orders only cost verifications: vouching goes by hash, not by
  place in the log;
- a record whose seal is whole but whose topic, key or headers were changed is refused by ``check_record``, whoever
  vouches for its seal.

A verdict is therefore a function of the record, not of its neighbours: it does not depend on how a log is cut.

**What remains.** The holder of a key can sign a record over a predecessor whose own signature he broke. A walk accepts
that predecessor, a cut just after it refuses it. He gains nothing by it that he could not sign, and only on his own
topic; the two records together prove what he did. Readers that must not differ verify ``singly``: trace acts, whatever
is delivered or exported, and the ledger's proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.directory import LastHonest
from schemas.errors import Unsealed
from schemas.record import SEAL_HEADER, Record
from schemas.topics import owner_of
from schemas.trust.faults import Fault, unsealed
from schemas.trust.keys import KeyRing, PublicKey
from schemas.trust.seal import Seal, SealClaims, link_hash, read_seal, verify_signature

EVENT_ID_HEADER = "ce_id"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a reader expects of every record: the region's id (``aud``), and the keys of the directory."""

    aud: str
    ring: KeyRing


class Verdict(NamedTuple):
    """Exactly one of ``seal`` and ``error``: nothing of a seal that did not hold is handed on."""

    record: Record
    seal: Seal | None
    error: Unsealed | None


class _Checked(NamedTuple):
    seal: Seal
    value: bytes
    key: PublicKey


def check_record(record: Record, expected: Expectation) -> Seal:
    """Check everything about a record's seal but the signature.

    The owner of the topic, of the chain and of the signing key are one; topic, key, region and ``ce_id`` are those
    that were sealed; the key was valid when the seal says that it was made. Raises Unsealed with a ``Fault`` code.
    """
    return _check(record, expected).seal


def verify_record(record: Record, expected: Expectation) -> Seal:
    """Check one record and its own signature; raises Unsealed with a ``Fault`` code."""
    checked = _check(record, expected)
    verify_signature(checked.seal, checked.value, checked.key)
    return checked.seal


def verify_records(records: Sequence[Record], expected: Expectation, *, singly: bool = False) -> list[Verdict]:
    """A verdict for each record of a topic, in the order given (that of the log is the fast one).

    ``singly`` verifies every signature; otherwise only those that no later record of the batch vouches for.
    """
    vouched: set[tuple[str, str, str, int, int]] = set()
    verdicts = []
    for record in reversed(records):
        try:
            checked = _check(record, expected)
            claims = checked.seal.claims
            name = link_hash(checked.seal.header, checked.value)
            if singly or _place(name, claims, claims.seq) not in vouched:
                verify_signature(checked.seal, checked.value, checked.key)
        except Unsealed as error:
            verdicts.append(Verdict(record, None, error))
            continue
        if claims.prev is not None:
            vouched.add(_place(claims.prev, claims, claims.seq - 1))
        verdicts.append(Verdict(record, checked.seal, None))
    verdicts.reverse()
    return verdicts


def _place(name: str, claims: SealClaims, seq: int) -> tuple[str, str, str, int, int]:
    return name, claims.kid, claims.topic, claims.life, seq


def _check(record: Record, expected: Expectation) -> _Checked:
    headers = record.header_values(SEAL_HEADER)
    if len(headers) != 1:
        raise unsealed(Fault.MANY_SEALS if headers else Fault.NO_SEAL)
    if record.value is None:
        raise unsealed(Fault.NO_VALUE)
    seal = read_seal(headers[0])
    claims = seal.claims
    _check_place(record, claims, expected.aud)
    key = expected.ring.find(claims.kid)
    if key is None:
        raise unsealed(Fault.UNKNOWN_SIGNING_KEY)
    if not key.owner == claims.chain == owner_of(claims.topic):
        raise unsealed(Fault.OTHER_OWNER)
    if not key.valid_at(claims.iat):
        raise unsealed(Fault.SIGNING_KEY_NOT_VALID)
    if key.honest is not None and not _is_honest(seal, record.value, key.honest.get(claims.topic)):
        raise unsealed(Fault.KEY_ENDED)
    return _Checked(seal, record.value, key)


def _is_honest(seal: Seal, value: bytes, last: LastHonest | None) -> bool:
    """Whether an ended key's owner may have made a seal: not beyond the last that he made, and not in its place."""
    if last is None:
        return False
    number, end = (seal.claims.life, seal.claims.seq), (last.life, last.seq)
    return number < end or (number == end and link_hash(seal.header, value) == last.hash)


def _check_place(record: Record, claims: SealClaims, aud: str) -> None:
    if record.topic != claims.topic:
        raise unsealed(Fault.OTHER_TOPIC)
    if record.key != (claims.key.encode() or None):
        raise unsealed(Fault.OTHER_RECORD_KEY)
    if claims.aud != aud:
        raise unsealed(Fault.OTHER_REGION)
    event_id = claims.event_id.encode()
    if any(stated != event_id for stated in record.header_values(EVENT_ID_HEADER)):
        raise unsealed(Fault.HEADER_DISAGREES)
