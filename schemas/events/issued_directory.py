"""The region's word that there is a version of the directory. It changes with how directories are handed out."""

from pydantic import Field

from schemas.events.envelope import Event
from schemas.events.types import Hash


class IssuedDirectory(Event):
    """One version, complete. The record proves nothing: the document inside is checked against the trusted roots."""

    version: int = Field(ge=1, description="The version's number; also the event's revision")
    sha256: Hash = Field(description="SHA-256 of what the roots have signed, which the next version names")
    document: bytes = Field(description="The signed document: one compact JWS a line")
