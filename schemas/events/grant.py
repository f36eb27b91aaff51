"""The key to one sealed part, for one addressee. It changes when a grant is bound to more.

Its record id is opaque, is the record's key, and is what an erasure names.
"""

from pydantic import Field

from schemas.events.envelope import MemberEvent
from schemas.events.types import Hash, Id, Member, Name, SealText


class Grant(MemberEvent):
    """The content key of a sealed part, encrypted to its addressee and bound to everything that is said here."""

    of_event: Id = Field(description="The event whose sealed part it opens")
    ciphertext_sha256: Hash = Field(description="SHA-256 of that sealed part's ciphertext")
    hop: int = Field(ge=0, description="The hop for which it is granted; 0: to the own desk")
    addressee: Member = Field(description="Who can open it")
    opening_key: Name = Field(description="Id of the addressee's key to which it is encrypted")
    suite: Name = Field(description="How the content key is encrypted")
    wrapped: SealText = Field(description="The encrypted content key")
