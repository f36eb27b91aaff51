"""A seizure: one record for one finding of things. It changes with the harmonised data set."""

from typing import Annotated

from pydantic import Field

from schemas.events.envelope import MemberEvent
from schemas.events.firearm import Item
from schemas.events.types import CodeOf, Id, Part, Place


class SeizurePlace(Part):
    """Where: a border crossing point or an area, never an address."""

    border_point: Place | None = Field(default=None, description="Code of the border crossing point")
    area: Place | None = Field(default=None, description="Code of the administrative area")
    precision: Annotated[str, CodeOf("place-precision")] = Field(description="How exact the place is")


class Seizure(MemberEvent):
    """When, where, by whom and what was seized, found or surrendered."""

    place: SeizurePlace | None = Field(default=None, description="Where")
    agency: Annotated[str, CodeOf("agency")] | None = Field(default=None, description="By whom")
    context: Annotated[str, CodeOf("seizure-context")] | None = Field(default=None, description="In what setting")
    direction: Annotated[str, CodeOf("direction")] | None = Field(default=None, description="Direction of the movement")
    transport: Annotated[str, CodeOf("transport")] | None = Field(default=None, description="Means of transport")
    concealment: Annotated[str, CodeOf("concealment")] | None = Field(default=None, description="Where hidden")
    acquisition_mode: Annotated[str, CodeOf("acquisition-mode")] | None = Field(
        default=None, description="Seized, found or surrendered"
    )
    illicit_ground: Annotated[str, CodeOf("illicit-ground")] | None = Field(
        default=None, description="Why the things are illicit (ITI, paragraph 6)"
    )
    linked: tuple[Id, ...] = Field(default=(), description="Record ids of linked cases and operations")
    items: tuple[Item, ...] = Field(min_length=1, max_length=500, description="What was seized")
