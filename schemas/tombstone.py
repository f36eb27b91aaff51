"""The record that clears a topic of a grant. It changes never: who has it learns nothing but that a grant is gone."""

from schemas.events.ids import tombstone_id
from schemas.record import Draft


def tombstone(topic: str, grant: str) -> Draft:
    """The tombstone of one grant, by its record id, on one topic."""
    return Draft(topic, tombstone_id(topic, grant), grant, b"")
