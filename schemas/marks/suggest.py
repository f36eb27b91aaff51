"""What a make, model or calibre may have been meant to say that the reference tables do not hold.

It changes when near is judged in another way. A suggestion is for a person to look at: nothing is changed by it, and
what names something, or several things, gets none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import fuzz, process

from schemas.marks.calibre import calibre_key
from schemas.marks.keys import spoken_key
from schemas.marks.lookup import Found
from schemas.marks.notation import ONE, RUN
from schemas.marks.placeholders import is_placeholder
from schemas.marks.reference import UNSTATED_CLASSES, Reference, load_reference
from schemas.marks.tables import Model, Tables

MOST = 3
SHORTEST_KEY = 4
"""Of three signs a third would have to be wrong: too little is left to recognise anything by."""

NEAR = 80.0
"""The least likeness, of 100: one sign in five is wrong."""

AS_NEAR = 2.0
"""What is less near than the nearest by more than this is left out."""

LONGEST = 60
REMEMBERED = 4096
"""Questions whose answers are kept: the same few hundred makes and models stand in most records."""

Named = tuple[str, str]
"""The key of a name, and what to show for it."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What ``value`` of a field may have been meant to say. ``score``: likeness, 0 to 100."""

    field: str
    value: str
    suggestion: str
    score: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every name of the reference tables with its key. It takes some 20 ms to make: make it once."""

    reference: Reference
    makes: Sequence[Named]
    models: Sequence[tuple[str, Model]]
    calibres: Sequence[Named]
    short_names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a record says of one firearm, as read."""

    make: str | None = None
    weapon_class: str | None = None
    model: str | None = None
    calibre: str | None = None


Suggest = Callable[[Asked], tuple[Suggestion, ...]]


def no_suggestions(_: Asked) -> tuple[Suggestion, ...]:
    """Suggests nothing."""
    return ()


@cache
def own_suggest() -> Suggest:
    """``suggest`` over the contract's own tables, remembering its last answers; threads may share it."""
    known = vocabulary_of(load_reference())
    return lru_cache(REMEMBERED)(lambda asked: suggest(known, asked))


def vocabulary_of(reference: Reference) -> Vocabulary:
    """The names of the reference tables, ready for comparing."""
    tables = reference.tables
    short = _short_names(tables)
    makes = [(spoken_key(alias.text), short[alias.of]) for alias in tables.maker_aliases]
    models = [(spoken_key(alias.text), tables.models[alias.of]) for alias in tables.model_aliases]
    patterns: dict[str, str] = {}
    for alias in tables.model_aliases:
        if tables.models[alias.of].maker is None and not alias.needs_make:
            patterns.setdefault(spoken_key(alias.text), alias.text)
    return Vocabulary(
        reference=reference,
        makes=(*makes, *patterns.items()),
        models=tuple(models),
        calibres=tuple((calibre_key(alias.text), tables.calibres[alias.of].name) for alias in tables.calibre_aliases),
        short_names=short,
    )


def suggest(known: Vocabulary, asked: Asked) -> tuple[Suggestion, ...]:
    """At most three suggestions for each of make, model and calibre that names nothing, the best first."""
    return (*_for_make(known, asked), *_for_model(known, asked), *_for_calibre(known, asked))


def _for_make(known: Vocabulary, asked: Asked) -> Iterator[Suggestion]:
    reference, make = known.reference, asked.make
    if make is None or reference.find_maker(make):
        return
    if isinstance(reference.find_model(make, None, asked.model), Found):  # the make field names the model
        return
    for text, score in _near(make, spoken_key(make[:LONGEST]), known.makes):
        yield Suggestion("make", make, text, score)


def _for_model(known: Vocabulary, asked: Asked) -> Iterator[Suggestion]:
    reference, model = known.reference, asked.model
    if model is None or reference.find_model(asked.make, asked.weapon_class, model):
        return
    if reference.find_model(None, None, model):  # known, but not of this make
        return
    makers = _makers(known, asked.make)
    fitting = [
        (key, f"{makers.get(one.maker) or known.short_names[one.maker]} {one.name}" if one.maker else one.name)
        for key, one in known.models
        if (not makers or one.maker is None or one.maker in makers) and _is_of_class(one, asked.weapon_class)
    ]
    for text, score in _near(model, spoken_key(model[:LONGEST]), fitting):
        yield Suggestion("model", model, text, score)


def _for_calibre(known: Vocabulary, asked: Asked) -> Iterator[Suggestion]:
    calibre = asked.calibre
    if calibre is None or known.reference.find_calibre(calibre):
        return
    for text, score in _near(calibre, calibre_key(calibre[:LONGEST]), known.calibres):
        yield Suggestion("calibre", calibre, text, score)


def _makers(known: Vocabulary, make: str | None) -> Mapping[str, str]:
    """The makers that a make names, each under the name that was met; none where nothing is known of it."""
    found = known.reference.find_maker(make)
    if found is None:
        return {}
    return {one.entry.id: one.evidence.alias for one in ((found,) if isinstance(found, Found) else found.candidates)}


def _is_of_class(model: Model, weapon_class: str | None) -> bool:
    return weapon_class is None or weapon_class in UNSTATED_CLASSES or weapon_class in model.classes


def _near(text: str, own: str, names: Iterable[Named]) -> Sequence[tuple[str, float]]:
    """What to show and its likeness, for the names that are near a text; each once, the best first."""
    if len(own) < SHORTEST_KEY or is_placeholder(text) or ONE in own or RUN in own:
        return ()
    pairs = list(names)
    close = process.extract(own, [key for key, _ in pairs], scorer=fuzz.ratio, score_cutoff=NEAR, limit=None)
    best: dict[str, float] = {}
    for key, score, place in close:
        if _same_figures(own, key):
            shown = pairs[place][1]
            best[shown] = max(score, best.get(shown, 0.0))
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    return [(shown, score) for shown, score in ranked if score >= ranked[0][1] - AS_NEAR]


def _same_figures(one: str, other: str) -> bool:
    """Whether two keys agree in their figures, but for some left out at the end: M71 is no slip for M70."""
    first, second = ("".join(sign for sign in key if sign.isdecimal()) for key in (one, other))
    if not first or not second:
        return first == second
    return first.startswith(second) or second.startswith(first)


def _short_names(tables: Tables) -> Mapping[str, str]:
    """Each maker under the first of its aliases, which is the one that most people use."""
    short: dict[str, str] = {}
    for alias in tables.maker_aliases:
        short.setdefault(alias.of, alias.text)
    return short
