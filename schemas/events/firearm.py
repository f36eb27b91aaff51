"""Firearms, their marks, and the other things that are seized. It changes with the harmonised data set."""

from typing import Annotated

from pydantic import Field

from schemas.events.types import CodeOf, Id, MarkText, Part, Place, Year


class Number(Part):
    """One number stamped on a firearm, exactly as it was read."""

    place: Annotated[str, CodeOf("number-place")] = Field(description="Where it is stamped")
    as_read: MarkText | None = Field(
        default=None, description="Verbatim, any script; ? one unknown sign, * an unknown run"
    )
    state: Annotated[str, CodeOf("serial-state")] = Field(description="How well it could be read")


class ImportMark(Part):
    """The mark of a lawful import."""

    place: Place = Field(description="Place code on the mark")
    year: Year | None = Field(default=None, description="Year on the mark")


class Marks(Part):
    """What is stamped on a firearm, verbatim; match keys are derived from it and never stored here."""

    make: MarkText | None = Field(default=None, description="Maker as read")
    model: MarkText | None = Field(default=None, description="Model as read")
    calibre: MarkText | None = Field(default=None, description="Calibre as read")
    type_as_read: MarkText | None = Field(default=None, description="Kind of weapon as written down")
    numbers: tuple[Number, ...] = Field(default=(), description="Every number; the frame's or receiver's first")
    import_marks: tuple[ImportMark, ...] = Field(default=(), description="Marks of lawful imports")
    proof_marks: tuple[MarkText, ...] = Field(default=(), description="Proof marks as read")


class Firearm(Part):
    """A firearm as an item."""

    weapon_class: Annotated[str, CodeOf("weapon-class")] = Field(description="Kind of weapon")
    action: Annotated[str, CodeOf("action")] | None = Field(default=None, description="How it is worked")
    modification: Annotated[str, CodeOf("modification-status")] | None = Field(
        default=None, description="Whether and how it was changed"
    )
    marks: Marks = Field(description="What is stamped on it")


class Component(Part):
    """An essential or other part of a firearm, found alone."""

    type: Annotated[str, CodeOf("component-type")] = Field(description="Which part")
    marks: Marks | None = Field(default=None, description="What is stamped on it")


class Ammunition(Part):
    """Rounds of one kind."""

    kind: Annotated[str, CodeOf("ammunition-kind")] = Field(description="Kind of round")
    calibre: MarkText | None = Field(default=None, description="Calibre as read")
    headstamp: MarkText | None = Field(default=None, description="Headstamp as read")


class Explosive(Part):
    """An explosive device or material."""

    type: Annotated[str, CodeOf("explosive-type")] = Field(description="Kind of device or material")
    model: MarkText | None = Field(default=None, description="Model as read")


class Item(Part):
    """One thing in a seizure; exactly the part that its kind names is present."""

    item_id: Id = Field(description="Stable across revisions")
    kind: Annotated[str, CodeOf("item-kind")] = Field(description="What it is")
    quantity: int = Field(ge=0, description="How many")
    firearm: Firearm | None = Field(default=None, description="Present when the kind is firearm")
    component: Component | None = Field(default=None, description="Present when the kind is component")
    ammunition: Ammunition | None = Field(default=None, description="Present when the kind is ammunition")
    explosive: Explosive | None = Field(default=None, description="Present when the kind is explosive")
    disposition: Annotated[str, CodeOf("disposition")] | None = Field(default=None, description="Where it is now")
