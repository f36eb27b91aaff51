"""The directory: who the members are, their keys, and how pairs of them exchange.

It changes when a member's entry says more. It is data, signed as one document; no member is named in code.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.errors import Misconfigured, NotInForce
from schemas.topics import REGION

RecordCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,6})?$")]
TopicOwner = Annotated[str, StringConstraints(pattern=r"^([a-z]{2}(-[a-z0-9]{1,6})?|region)$")]
RegionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,23}$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,19}$")]
ChannelName = Annotated[str, StringConstraints(pattern=r"^(direct|none|relay:[A-Za-z0-9_-]{2,24})$")]
DIRECTORY_TYPE = "directory+jws"


class Part(BaseModel):
    """A piece of the directory: frozen, and nothing in it that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LastHonest(Part):
    """The last record of one topic that an ended key's owner sealed himself. ``hash`` is its link in the chain."""

    topic: str
    life: Annotated[int, Field(ge=1)]
    seq: Annotated[int, Field(ge=1)]
    hash: str


class Ending(Part):
    """That a key is no longer its owner's. What it sealed beyond the last honest records, or elsewhere, is nobody's."""

    at: AwareDatetime
    because: Literal["lost", "stolen", "misused"]
    honest: tuple[LastHonest, ...] = ()


class Key(Part):
    """One signing key: raw Ed25519 public key (base64url), and the seconds between which it may seal.

    ``voucher`` is the signature of the key before it (``schemas.trust.vouching``); the first key of an owner has none.
    """

    kid: KeyId
    public: str
    valid_from: int
    valid_until: int
    voucher: str = ""
    ended: Ending | None = None


class OpeningKey(Part):
    """A key that opens grants: raw X25519 public key (base64url), and the seconds between which one may grant to it.

    ``voucher`` is the signature of a signing key of its owner (``schemas.trust.opening``): without it nobody grants.
    """

    kid: KeyId
    public: str
    valid_from: int
    valid_until: int
    voucher: str = ""


class Member(Part):
    """A jurisdiction in the directory. ``places`` are the place codes whose marks point to it."""

    code: RecordCode
    name: str
    names: dict[str, str] = Field(default_factory=dict)
    languages: tuple[str, ...] = ()
    time_zone: str = "UTC"
    footnote: str | None = None
    observer: bool = False
    places: tuple[str, ...] = ()
    id_key_check: str = ""
    keys: tuple[Key, ...] = ()
    opening_keys: tuple[OpeningKey, ...] = ()

    @property
    def owner(self) -> str:
        """The member's code as topics write it."""
        return self.code.lower()


class Channel(Part):
    """How one member sends to another; a pair that is not listed is direct."""

    sender: RecordCode
    receiver: RecordCode
    channel: ChannelName


class HandOver(Part):
    """The system to which a request is handed over whose firearm points outside the region."""

    place: str
    system: Literal["interpol", "siena", "etrace"]


class Directory(Part):
    """One complete version. ``inside`` are places of the region that belong to no single member.

    ``roots`` are the fingerprints of the keys of which ``root_threshold`` have to sign the next version; without any,
    those that were given by hand stay.
    """

    region: RegionId
    title: str
    version: Annotated[int, Field(ge=1)]
    exercise: bool
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    previous_sha256: str | None = None
    roots: tuple[str, ...] = ()
    root_threshold: Annotated[int, Field(ge=1)] = 1
    notice: str = ""
    inside: tuple[str, ...] = ()
    members: tuple[Member, ...]
    region_keys: tuple[Key, ...] = ()
    channels: tuple[Channel, ...] = ()
    hand_over: tuple[HandOver, ...] = ()
    hand_over_default: Literal["interpol", "siena", "etrace"] = "interpol"

    @model_validator(mode="after")
    def agree(self) -> Self:
        """Codes are unique, channels name members only, and there are roots enough to sign the next version."""
        codes = [member.code for member in self.members]
        if len(set(codes)) != len(codes):
            raise ValueError("two members have the same code")
        unknown = {c for pair in self.channels for c in (pair.sender, pair.receiver)} - set(codes)
        if unknown:
            raise ValueError(f"channels name {sorted(unknown)}, which are not members")
        if self.roots and len(set(self.roots)) < self.root_threshold:
            raise ValueError(f"{self.root_threshold} roots have to sign, and {len(set(self.roots))} are named")
        return self

    def keys_of(self, owner: str) -> tuple[Key, ...]:
        """Every key that this topic owner ever had, in the order in which they came; raises Misconfigured."""
        return self.region_keys if owner == REGION else self.member(owner).keys

    def owned_keys(self) -> Iterator[tuple[str, Key]]:
        """Every key with its topic owner."""
        for owner, keys in (*((member.owner, member.keys) for member in self.members), (REGION, self.region_keys)):
            yield from ((owner, key) for key in keys)

    def is_expired(self, at: datetime) -> bool:
        """Whether nothing may be sent or decided by this version any more; the past is checked by it for good."""
        return at >= self.expires_at

    def member(self, code: str) -> Member:
        """The member with this code, in either case; raises Misconfigured naming those there are."""
        for member in self.members:
            if member.code == code.upper():
                return member
        raise Misconfigured(f"{code.upper()!r} is not a member of {self.region}; members are {self.listed()}")

    def listed(self) -> str:
        """Every member's code for a sentence, with the footnotes that belong to them."""
        codes = [member.code for member in self.members]
        notes = (f"{code} {note}" for code, note in self.footnotes(codes).items())
        return " ".join((", ".join(codes), *(f"({note})" for note in notes)))

    def has(self, code: str | None) -> bool:
        """Whether a code belongs to a member that takes part (an observer does not answer traces)."""
        return any(member.code == code and not member.observer for member in self.members)

    def owners(self) -> tuple[str, ...]:
        """Topic owners of all members that publish."""
        return tuple(member.owner for member in self.members if not member.observer)

    def member_of_place(self, place: str) -> Member | None:
        """The member to which a place code on a mark points."""
        return next((m for m in self.members if place == m.code or place in m.places), None)

    def is_outside(self, place: str) -> bool:
        """Whether a place code lies outside the region altogether."""
        return place not in self.inside and self.member_of_place(place) is None

    def channel(self, sender: str, receiver: str) -> str:
        """``direct``, ``none`` or ``relay:<organisation>``."""
        for pair in self.channels:
            if (pair.sender, pair.receiver) == (sender, receiver):
                return pair.channel
        return "direct"

    def system_for(self, place: str) -> str:
        """The external system for firearms that point to a place outside."""
        return next((h.system for h in self.hand_over if h.place == place), self.hand_over_default)

    def footnotes(self, codes: Iterable[str]) -> dict[str, str]:
        """The footnotes that must be shown when these codes are."""
        wanted = set(codes)
        return {m.code: m.footnote for m in self.members if m.footnote and m.code in wanted}


def check_in_force(directory: Directory, at: datetime) -> None:
    """Raise NotInForce when a directory has expired."""
    if directory.is_expired(at):
        raise NotInForce(
            f"version {directory.version} of the directory expired at {directory.expires_at:%Y-%m-%d %H:%M} UTC:"
            " nothing is sent or decided until its next version is signed and published",
            code="directory_expired",
            parameters={"version": str(directory.version)},
        )
