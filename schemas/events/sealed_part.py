"""What a sealed part holds: all that names people, and what people write. It changes when people may say more there.

It is JSON and no Avro: only addressees ever read it, and no schema of the open part has room for it.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from binascii import Error
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from schemas.errors import Malformed
from schemas.events.envelope import Attachment
from schemas.events.ids import base64url
from schemas.events.types import CodeOf, Name, Part

PADDED_TO_BYTES = 512  # the length of what people wrote tells what it was less well

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class Person(Part):
    """A person of the case."""

    name: Line = Field(description="Name as known")
    role: Line | None = Field(default=None, description="Suspect, owner, dealer ...")
    born: Line | None = Field(default=None, description="Date or year of birth")
    document: Line | None = Field(default=None, description="Kind and number of a document")
    note: Text | None = Field(default=None, description="What else is known")


class Contact(Part):
    """Whom to call about the case."""

    name: Line = Field(description="Officer or office")
    telephone: Line | None = Field(default=None, description="Telephone")
    mail: Line | None = Field(default=None, description="Mail address")


class AttachedFile(Part):
    """A picture or document, whole; the open part holds its description only."""

    media_type: Name = Field(description="Media type, as image/jpeg")
    caption: Annotated[str, CodeOf("attachment-caption")] = Field(description="What it shows")
    content: str = Field(description="The bytes in base64")

    @field_validator("content")
    @classmethod
    def is_base64(cls, content: str) -> str:
        """The text; raises ValueError where it is no base64."""
        try:
            b64decode(content, validate=True)
        except Error as error:
            raise ValueError("not base64") from error
        return content

    @classmethod
    def of(cls, media_type: str, caption: str, content: bytes) -> "AttachedFile":
        """A file of these bytes."""
        return cls(media_type=media_type, caption=caption, content=b64encode(content).decode())

    @property
    def whole(self) -> bytes:
        """The bytes themselves."""
        return b64decode(self.content)

    @property
    def described(self) -> Attachment:
        """What the open part says of it."""
        digest = base64url(hashlib.sha256(self.whole).digest())
        return Attachment(sha256=digest, media_type=self.media_type, size=len(self.whole), caption=self.caption)


class SealedPart(Part):
    """The part of an event that only its addressees can open."""

    case_details: Text | None = Field(default=None, description="What the case is about")
    persons: tuple[Person, ...] = Field(default=(), description="Persons of the case")
    contacts: tuple[Contact, ...] = Field(default=(), description="Whom to call")
    attachments: tuple[AttachedFile, ...] = Field(default=(), description="Pictures and documents")


def part_bytes(part: SealedPart) -> bytes:
    """The part as it is encrypted, filled up with spaces to a multiple of ``PADDED_TO_BYTES``."""
    text = json.dumps(part.model_dump(mode="json", exclude_none=True), ensure_ascii=False, separators=(",", ":"))
    encoded = text.encode()
    return encoded + b" " * (-len(encoded) % PADDED_TO_BYTES)


def part_of(content: bytes) -> SealedPart:
    """The inverse of ``part_bytes``; raises Malformed, which quotes nothing of it."""
    try:
        return SealedPart.model_validate_json(content, strict=True)
    except ValueError:
        raise Malformed("the sealed part opens, and is none that this version reads", code="sealed_part") from None
