"""That a key vouches for the one after it: only who holds an owner's key can give him another without a person.

It changes when more is said of a key that others must not be able to say.
"""

from schemas.directory import Key
from schemas.errors import Unsealed
from schemas.trust.documents import open_document, sign_document
from schemas.trust.keys import PublicKey, SigningKey, thumbprint

KEY_TYPE = "key+jws"


def vouch(region: str, owner: str, key: Key, by: SigningKey) -> Key:
    """The key with the voucher of another of this owner, as it stands in the region's directory."""
    token = sign_document(statement(region, owner, key), KEY_TYPE, by)
    return key.model_copy(update={"voucher": token.decode()})


def is_vouched(region: str, owner: str, key: Key, by: PublicKey) -> bool:
    """Whether a key's voucher is of this other key, and says what the directory says of it."""
    try:
        said = open_document(key.voucher.encode(), KEY_TYPE, [thumbprint(by.raw)])
    except Unsealed:
        return False
    return said == statement(region, owner, key)


def statement(region: str, owner: str, key: Key) -> bytes:
    """What is signed: the names are limited to characters that JSON writes as they are."""
    return (
        f'{{"region":"{region}","owner":"{owner}","kid":"{key.kid}","public":"{key.public}",'
        f'"valid_from":{key.valid_from}}}'
    ).encode()
