"""Makers, models and calibres by what is stamped on a firearm. It changes when lookup follows other rules.

A model is looked up by (make, class, model) and never by its name alone: "CZ" is two makers, "M70" several weapons.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from schemas.marks.calibre import calibre_key
from schemas.marks.lookup import AS_WRITTEN, AliasIndex, Ambiguous, Evidence, Found, index_of, settled
from schemas.marks.placeholders import is_placeholder
from schemas.marks.tables import Calibre, Maker, Model, Tables, load_tables

UNSTATED_CLASSES = frozenset({"", "unknown", "not_recorded", "withheld", "other"})
MAKE_AND_MODEL = "make_and_model"


@dataclass(frozen=True, slots=True)
class Manufacture:
    """Where a firearm was made: a place code (perhaps of a former state), the field that told, and how."""

    place: str
    field: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference tables, ready for looking up. Nothing in it changes after it was loaded."""

    tables: Tables
    makers: AliasIndex[Maker]
    models: AliasIndex[Model]
    models_of_make: AliasIndex[Model]
    makes_with_models: AliasIndex[Model]
    calibres: AliasIndex[Calibre]

    @property
    def version(self) -> str:
        """Version of the tables; it grows with every change of a row."""
        return self.tables.version

    def find_maker(self, text: str | None) -> Found[Maker] | Ambiguous[Maker] | None:
        """The maker that a make as read names; both where it names two (CZ).

        A make field that holds make and model (EKOL FIRAT) names the maker of that model.
        """
        return settled(self._makers(text))

    def find_model(
        self, make: str | None, weapon_class: str | None, model: str | None
    ) -> Found[Model] | Ambiguous[Model] | None:
        """The model that make, class and model as read name together.

        Ambiguous (perhaps with one candidate) where they name several, or where make or class disagree with it.
        """
        stated = _stated(make)
        makers = frozenset(found.entry.id for found in self._makers(stated))
        named = self._models(stated, bool(makers), _stated(model))
        agreed = self._agreed(stated, makers, _stated(model), named) if stated else named
        in_question = agreed or (() if makers else named)
        fitting = _of_class(agreed, weapon_class)
        return settled(fitting) or (Ambiguous(in_question) if in_question else None)

    def find_calibre(self, text: str | None) -> Found[Calibre] | Ambiguous[Calibre] | None:
        """The calibre that a text names, with decimal comma or point; all where it names several (9 mm)."""
        return settled(self.calibres.find(text))

    def find_manufacture(self, make: str | None, weapon_class: str | None, model: str | None) -> Manufacture | None:
        """Where it was made, with the evidence; None where that is not known, or not the same for all candidates."""
        makers = self._makers(_stated(make))
        found = self.find_model(make, weapon_class, model)
        if found is None:
            return _one_place("marks.make", [(maker.entry.place, maker.evidence) for maker in makers])
        if _stated(make) and not makers and not isinstance(found, Found):
            return None
        candidates = (found,) if isinstance(found, Found) else found.candidates
        places = [(_place(self.tables, c.entry, makers), c.evidence) for c in candidates]
        return _one_place("marks.model" if _stated(model) else "marks.make", places)

    def manufacture_place(self, make: str | None, weapon_class: str | None, model: str | None) -> str | None:
        """The place code of manufacture, perhaps of a former state (see ``successor``), or None."""
        made = self.find_manufacture(make, weapon_class, model)
        return made.place if made else None

    def successor(self, place: str) -> str:
        """The place that answers for a place today: itself, unless exactly one succeeded it, and so on."""
        while len(following := self.tables.successors.get(place, ())) == 1:
            place = following[0]
        return place

    def _makers(self, text: str | None) -> tuple[Found[Maker], ...]:
        found = self.makers.find(text)
        if found:
            return found
        with_model = {
            model.entry.maker: Evidence(model.evidence.alias, MAKE_AND_MODEL)
            for model in self.makes_with_models.find(text)
            if model.entry.maker
        }
        return tuple(Found(self.tables.makers[maker], evidence) for maker, evidence in sorted(with_model.items()))

    def _models(self, make: str | None, known: bool, model: str | None) -> tuple[Found[Model], ...]:
        if model is None:
            return self.makes_with_models.find(make)
        # a name that stands for one model alone may still be what another make calls one of its own
        own = self.models_of_make.find(model) if known or self.models.find(model) else ()
        return _each_once([*own, *self.makes_with_models.find(model)])

    def _agreed(
        self, make: str, makers: Collection[str], model: str | None, named: Sequence[Found[Model]]
    ) -> tuple[Found[Model], ...]:
        """Those of the named models that the make speaks for: its own, or those that it names itself.

        Browning HP 35 is one name though FN made it; and of Makarov PM the make field holds a name of the model.
        """
        together = self.models.find(f"{make} {model}") if model else ()
        if makers:
            return tuple(one for one in named if one.entry.maker is None or one.entry.maker in makers) or together
        by_make = self.models.find(make)
        if model is None:
            return _each_once([*named, *by_make])
        names_itself = {one.entry.id for one in by_make}
        return _each_once([*together, *(one for one in named if one.entry.id in names_itself)])


def load_reference() -> Reference:
    """The reference tables of the contract; raises Misconfigured naming the table and line that is wrong."""
    return reference_of(load_tables())


def reference_of(tables: Tables) -> Reference:
    """Tables, indexed for looking up."""
    models = [(tables.models[alias.of], alias) for alias in tables.model_aliases]
    makers = ((tables.makers[alias.of], alias.text) for alias in tables.maker_aliases)
    calibres = ((tables.calibres[alias.of], alias.text) for alias in tables.calibre_aliases)
    return Reference(
        tables=tables,
        makers=index_of((*_names(tables.makers.values()), *makers)),
        models=index_of((model, alias.text) for model, alias in models if not alias.needs_make),
        models_of_make=index_of((model, alias.text) for model, alias in models),
        makes_with_models=index_of(_with_make(tables)),
        calibres=index_of(calibres, (AS_WRITTEN, ("calibre_key", calibre_key))),
    )


def _names(makers: Iterable[Maker]) -> Iterator[tuple[Maker, str]]:
    return ((maker, maker.name) for maker in makers)


def _with_make(tables: Tables) -> Iterator[tuple[Model, str]]:
    for alias in tables.model_aliases:
        model = tables.models[alias.of]
        yield from ((model, f"{make.text} {alias.text}") for make in tables.maker_aliases if make.of == model.maker)


def _stated(text: str | None) -> str | None:
    return None if text is None or is_placeholder(text) else text


def _of_class(named: Sequence[Found[Model]], weapon_class: str | None) -> tuple[Found[Model], ...]:
    if weapon_class is None or weapon_class in UNSTATED_CLASSES:
        return tuple(named)
    return tuple(found for found in named if weapon_class in found.entry.classes)


def _each_once(found: Sequence[Found[Model]]) -> tuple[Found[Model], ...]:
    once: dict[str, Found[Model]] = {}
    for one in found:
        once.setdefault(one.entry.id, one)
    return tuple(once[identity] for identity in sorted(once))


def _place(tables: Tables, model: Model, makers: Sequence[Found[Maker]]) -> str | None:
    if model.place:
        return model.place
    maker = tables.makers[model.maker] if model.maker else None
    if maker is None and len(makers) == 1:
        maker = makers[0].entry
    return maker.place if maker else None


def _one_place(field: str, places: Sequence[tuple[str | None, Evidence]]) -> Manufacture | None:
    distinct = {place for place, _ in places}
    if len(distinct) != 1 or (place := places[0][0]) is None:
        return None
    return Manufacture(place, field, places[0][1])
