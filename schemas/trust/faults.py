"""What can be wrong with a seal, a key or a signed document: stable codes and their sentences.

It changes when a check is added. The codes are what quarantine stores; no sentence quotes bytes of the record.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from schemas.errors import Unsealed


class Fault(StrEnum):
    """Code of an ``Unsealed``."""

    NO_SEAL = "no_seal"
    MANY_SEALS = "many_seals"
    NO_VALUE = "no_value"
    BAD_SEAL_FORM = "bad_seal_form"
    BAD_SEAL_CHAIN = "bad_seal_chain"
    OTHER_TOPIC = "other_topic"
    OTHER_RECORD_KEY = "other_record_key"
    OTHER_REGION = "other_region"
    OTHER_OWNER = "other_owner"
    UNKNOWN_SIGNING_KEY = "unknown_signing_key"
    SIGNING_KEY_NOT_VALID = "signing_key_not_valid"
    KEY_ENDED = "key_ended"
    HEADER_DISAGREES = "header_disagrees"
    BAD_SIGNATURE = "bad_signature"
    BAD_KEY_FORM = "bad_key_form"
    BAD_DOCUMENT_FORM = "bad_document_form"
    OTHER_DOCUMENT = "other_document"
    UNKNOWN_ROOT = "unknown_root"
    TOO_FEW_ROOTS = "too_few_roots"


SENTENCES: Mapping[Fault, str] = MappingProxyType(
    {
        Fault.NO_SEAL: "The record has no seal header. Find out who can write to this topic besides its owner.",
        Fault.MANY_SEALS: "The record has more than one seal header. Find out what wrote it.",
        Fault.NO_VALUE: "The record has no value. Topics of sealed events take no tombstones.",
        Fault.BAD_SEAL_FORM: "The seal is not written in the one form that is allowed. Ask its sender for its version.",
        Fault.BAD_SEAL_CHAIN: "The seal's life, number, prev and after contradict each other. Ask its sender.",
        Fault.OTHER_TOPIC: "The seal was made for another topic. Somebody copied the record here.",
        Fault.OTHER_RECORD_KEY: "The seal was made for another record key. Somebody changed or copied it.",
        Fault.OTHER_REGION: "The seal was made for another region. Check the region id on both sides.",
        Fault.OTHER_OWNER: "Topic, chain and signing key do not belong to the same owner. Somebody writes for another.",
        Fault.UNKNOWN_SIGNING_KEY: "The signing key is not in the directory. Check the directory's version.",
        Fault.SIGNING_KEY_NOT_VALID: "The signing key was not valid when the seal was made. Check its sender's clock.",
        Fault.KEY_ENDED: "The key was ended, and its owner did not make this seal. Ask its owner by another way.",
        Fault.HEADER_DISAGREES: "A CloudEvents header contradicts the seal. Somebody changed the headers.",
        Fault.BAD_SIGNATURE: "The signature does not fit these bytes. They are not what the key's owner sealed.",
        Fault.BAD_KEY_FORM: "The public key is not a usable Ed25519 key. Ask its owner to send it again.",
        Fault.BAD_DOCUMENT_FORM: "The signed document is not written in the one form that is allowed. Fetch it again.",
        Fault.OTHER_DOCUMENT: "The signed document is of another type than the one asked for. Check which file it is.",
        Fault.UNKNOWN_ROOT: "The document is signed by a root that is not trusted here. Compare fingerprints by phone.",
        Fault.TOO_FEW_ROOTS: "Fewer roots have signed the document than have to. Have the other holders sign it too.",
    }
)


def unsealed(fault: Fault) -> Unsealed:
    """The error for a fault: code and sentence."""
    return Unsealed(SENTENCES[fault], code=fault.value)
