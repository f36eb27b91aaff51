"""What a member hands to the region to be enrolled, or when its keys change: signed with its own newest key.

The signature only shows that the sender holds the key. Whose it is, people make sure of by comparing fingerprints.
It changes with what a member tells of itself.
"""

from pydantic import ValidationError

from interfocal.trust.draft import with_member
from interfocal.trust.owner_keys import OwnerKeys
from schemas.directory import Directory, Member
from schemas.errors import Misconfigured
from schemas.trust.documents import payload_of, sign_document, signers_of
from schemas.trust.keys import public_key_of, thumbprint

BUNDLE_TYPE = "member+jws"


def export(member: Member, keys: OwnerKeys) -> bytes:
    """The member's entry as a signed bundle; raises Misconfigured when its newest key is not here."""
    if not member.keys:
        raise Misconfigured(f"{member.code} has no key yet; make one with `interfocal member add`")
    return sign_document(member.model_dump_json().encode(), BUNDLE_TYPE, keys.signing_key(member.keys[-1].kid))


def read_bundle(bundle: bytes) -> Member:
    """The entry of a bundle that is signed with the newest key in it; raises Unsealed or Misconfigured."""
    try:
        member = Member.model_validate_json(payload_of(bundle, BUNDLE_TYPE))
    except ValidationError as error:
        raise Misconfigured(f"the file is signed, but no member's entry: {error}") from error
    if not member.keys or fingerprint(member) not in signers_of(bundle, BUNDLE_TYPE):
        raise Misconfigured(f"the entry of {member.code} is not signed with its own newest key; ask for it again")
    return member


def fingerprint(member: Member) -> str:
    """The thumbprint of a member's newest key, to be compared by another way than the file came."""
    return thumbprint(public_key_of(member.keys[-1], member.owner).raw)


def taken_up(directory: Directory, bundle: Member) -> Directory:
    """The directory with a bundle's keys; what the region says of a member it knows already stays the region's."""
    known = next((one for one in directory.members if one.code == bundle.code), None)
    if known is None:
        return with_member(directory, bundle)
    keys = {
        "keys": bundle.keys,
        "opening_keys": bundle.opening_keys,
        "id_key_check": bundle.id_key_check,
        "observer": False,
    }
    return with_member(directory, known.model_copy(update=keys))
