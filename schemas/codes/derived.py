"""Codes that follow from other codes: what yearly questionnaires and roadmaps ask for. It changes with what they ask.

Nobody enters these: they are read from the lists' own ``maps_to``, so that every seizure is counted the same way.
"""

from collections.abc import Mapping

from schemas.codes.lists import CodeList

UNSPECIFIED = "unspecified"
UNDETERMINED = "undetermined"


def iafq_class(lists: Mapping[str, CodeList], weapon_class: str) -> str:
    """The class of the UNODC questionnaire, a code of ``iafq-class``; ``unspecified`` for a code of a newer list."""
    return lists["weapon-class"].maps_to(weapon_class, "iafq") or UNSPECIFIED


def border_side(lists: Mapping[str, CodeList], context: str) -> str:
    """A code of ``border-side`` for a seizure's context; ``undetermined`` where the context does not say."""
    return lists["seizure-context"].maps_to(context, "border_side") or UNDETERMINED
