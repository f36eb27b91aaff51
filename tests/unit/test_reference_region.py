"""The names that the region's officers write, row by row: what they name, and what stays in question."""

# ruff: noqa: RUF001 - names in Cyrillic are what these promises are about

import pytest

from schemas.marks.lookup import Ambiguous, Found
from schemas.marks.reference import load_reference
from schemas.marks.tables import Calibre, Maker, Model

REFERENCE = load_reference()
Looked = Found[Maker] | Found[Model] | Found[Calibre] | Ambiguous[Maker] | Ambiguous[Model] | Ambiguous[Calibre]


def ids(result: Looked | None) -> str:
    """The id that was found, or ``?`` and those in question."""
    if isinstance(result, Found):
        return result.entry.id
    return "?" + " ".join(one.entry.id for one in result.candidates) if result else ""


@pytest.mark.parametrize(
    ("makes", "expected"),
    [
        ("Zavodi Crvena Zastava|Zastava oružje|Zastava Arms|ZCZ|застава|Preduzeće 44|ПРЕДУЗЕЋЕ 44", "zastava"),
        ("Česká zbrojovka|ČZ|č.z.|ЧЗ|Чешка збројовка|Чешка зброевка", "ceska_zbrojovka"),
        ("CZ|ЦЗ|cz", "?ceska_zbrojovka zastava"),
        ("UM Gramsh|Gramsh|Грамш|Uzina Mekanike Gramsh", "gramsh"),
        ("IŽ|ИЖ|Ижевск|Iževsk|Ижмаш|Іжмаш|Baikal|Байкал", "izhevsk"),
        ("FN Browning|FN|Fabrique Nationale|ФН Браунинг", "fn_herstal"),
        ("Browning|Браунинг|Brauning", "browning"),
        ("Ekol|Voltran|Екол", "ekol"),
        ("Zoraki|Atak|Зораки", "atak"),
        ("Blow|Üçyıldız|Ucyildiz", "blow"),
        ("Retay", "retay"),
        ("Kuzey", "kuzey"),
        ("Bruni", "bruni"),
        ("Norinco|Норинко", "norinco"),
        ("Makarov|Tokarev|Kodra", ""),
    ],
)
def test_a_make_names_its_maker_however_it_is_written(makes: str, expected: str) -> None:
    assert {make: ids(REFERENCE.find_maker(make)) for make in makes.split("|")} == dict.fromkeys(
        makes.split("|"), expected
    )


@pytest.mark.parametrize(
    ("make", "weapon_class", "models", "expected"),
    [
        ("Zastava", "assault_rifle", "M70", "zastava_m70_rifle"),
        ("Zastava", "assault_rifle", "M70A", "zastava_m70a_rifle"),
        ("Zastava", "assault_rifle", "M70AB1|М70 АБ1", "zastava_m70ab1"),
        ("Zastava", "assault_rifle", "M70AB2|M70 AB-2|М70АБ2", "zastava_m70ab2"),
        ("Zastava", "assault_rifle", "M70B1", "zastava_m70b1"),
        ("Zastava", "pistol", "M70|pčelica|пчелица", "zastava_m70_pistol"),
        ("Zastava", "rifle_bolt", "M70|M70 Mauser", "zastava_m70_hunting"),
        ("Zastava", None, "M72", "zastava_m72"),
        ("Zastava", None, "M77", "zastava_m77"),
        ("Zastava", None, "M76", "zastava_m76"),
        ("Zastava", None, "M59/66|PAP|паповка", "zastava_m59_66"),
        ("Preduzeće 44", "rifle_bolt", "M48", "zastava_m48"),
        ("Zastava", "smg", "M84|M84 Skorpion", "zastava_m84_skorpion"),
        ("Zastava", "lmg", "M84", "zastava_m84_machine_gun"),
        ("Zastava", None, "M84", "?zastava_m84_machine_gun zastava_m84_skorpion"),
        ("Zastava", None, "M61(j)|M61j", "zastava_m61j"),
        ("Zastava", "smg", "M85", "?zastava_m85 zastava_m85_skorpion"),
        ("Zastava", "pistol", "M57|tetejac|тетејац|tetejka", "zastava_m57"),
        ("Zastava", "pistol", "M70A", "zastava_m70a_pistol"),
        ("Zastava", "pistol", "M88|duga devetka|дуга деветка|долга деветка", "zastava_m88"),
        ("Zastava", "pistol", "M88A", "zastava_m88a"),
        ("CZ", "pistol", "CZ 99|99|ЦЗ 99", "zastava_cz99"),
        ("CZ", "pistol", "CZ 999|999", "zastava_cz999"),
        ("Zastava", "pistol", "EZ9", "zastava_ez9"),
        ("Zastava", "pistol", "M67", "zastava_m67"),
        ("Zastava", "revolver", "M83/84|M83", "zastava_m83_84"),
        ("CZ", "pistol", "75|CZ 75", "cz_75"),
        ("ČZ", "pistol", "75|CZ 75", "cz_75"),
        ("ЧЗ", "rifle_bolt", "452", "cz_452"),
        (None, "assault_rifle", "Tabuk", "tabuk"),
        ("UM Gramsh", "assault_rifle", "ASH 78|ASh-78", "ash_78"),
        ("Грамш", "assault_rifle", "АСХ-78", "ash_78"),
        ("Norinco", "assault_rifle", "Type 56|Tip 56|Tipi 56|56-1", "type_56_rifle"),
        ("Cugir", "assault_rifle", "PM md. 63|md.63", "pm_md_63"),
        ("Cugir", "assault_rifle", "PM md. 65", "pm_md_65"),
        ("FEG", "assault_rifle", "AMD-65", "amd_65"),
        ("Ижевск", "assault_rifle", "АКМ|AKM", "akm"),
        (None, "assault_rifle", "AKS-74|АКС-74", "aks_74"),
        (None, "assault_rifle", "AK-74|АК-74", "ak_74"),
        ("Tokarev", "pistol", "TT|TT-33|ТТ", "tt_33"),
        ("Tokarev", "pistol", "M57", "zastava_m57"),
        ("Makarov", "pistol", "PM|ПМ|Makarov PM", "makarov_pm"),
        ("ИЖ", "pistol", "ПМ", "makarov_pm"),
        ("Макаров", "pistol", "", "makarov_pm"),
        ("Kallashnikov", None, "M70", "zastava_m70_rifle"),
        ("IŽ", "shotgun", "IŽ-27|ИЖ-27", "baikal_izh_27"),
        ("Baikal", "shotgun", "IŽ-43|IZH-43|ИЖ-43", "baikal_izh_43"),
        ("FN Browning", "pistol", "HP 35", "fn_hp35"),
        ("Браунинг", "pistol", "ХП 35", "fn_hp35"),
        ("Browning", "pistol", "Baby", "fn_baby"),
        ("Agram", "smg", "2000|Agram 2000", "agram_2000"),
        (None, "smg", "Šokac", "sokac_p1"),
        (None, "smg", "Zagi", "zagi_m91"),
        (None, "smg", "Pleter", "pleter_91"),
        (None, "smg", "heklerica|хеклерица", "?agram_2000 hk_mp5"),
        ("Ekol", "gas_alarm_signal", "Tuna", "ekol_tuna"),
        ("Ekol", "gas_alarm_signal", "Firat|Fırat", "ekol_firat"),
        ("Voltran", "gas_alarm_signal", "Volga", "ekol_volga"),
        ("Ekol", "gas_alarm_signal", "Special 99", "ekol_special_99"),
        ("Zoraki", "gas_alarm_signal", "906|906-TD", "zoraki_906"),
        ("Atak", "gas_alarm_signal", "914|914-TD", "zoraki_914"),
        ("Zoraki", "gas_alarm_signal", "917", "zoraki_917"),
        ("Zoraki", "gas_alarm_signal", "925", "zoraki_925"),
        ("Blow", "gas_alarm_signal", "F92", "blow_f92"),
        ("Blow", "gas_alarm_signal", "TR", "blow_tr"),
        (None, None, "Sa vz. 58", "vz_58"),
        (None, None, "FGC-9|FGC9", "fgc_9"),
        (None, None, "Urutau", "urutau"),
        (None, None, "Songbird", "songbird"),
        (None, None, "DB9", "db9"),
        (None, "hand_grenade", "M75|kašikara|bomba kašikara|кашикара|kashikarë", "m75_grenade"),
        (None, "hand_grenade", "M52", "m52_grenade"),
        (None, "hand_grenade", "M93", "m93_grenade"),
        (None, "hand_grenade", "RGD-5", "rgd_5"),
        (None, "hand_grenade", "F-1", "f_1"),
        (None, None, "zolja|зоља|M80 Zolja", "m80_zolja"),
        (None, None, "stršljen|стршљен", "m90_strsljen"),
        (None, None, "osa|оса", "m79_osa"),
        (None, None, "PROM-1", "prom_1"),
        (None, None, "TNT 100 g", "tnt_100"),
        (None, None, "TNT 200 g", "tnt_200"),
        ("Nobody's", "pistol", "M57", "?zastava_m57"),
        ("Kodra", "pistol", "K-1", ""),
        ("Makarov", "revolver", "PM", "?makarov_pm"),
    ],
)
def test_the_weapons_of_the_region_are_found_by_make_class_and_name(
    make: str | None, weapon_class: str | None, models: str, expected: str
) -> None:
    names = models.split("|")
    found = {name: ids(REFERENCE.find_model(make, weapon_class, name)) for name in names}
    assert found == dict.fromkeys(names, expected)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ("9 mm Luger|9x19|9 mm Para|9mm Parabellum|9 mm parabelum", "9x19"),
        ("7.65 Browning|7,65 Browning|.32 ACP|7.65x17SR|7,65 Br", "7_65_browning"),
        ("9 mm short|9 kratki|9 mm kratki|.380 Auto|9x17|9 mm scurt|9 i shkurtër", "9x17"),
        ("9x18|9 mm Makarov|9x18 PM", "9x18"),
        ("7.62x25|7,62 Tokarev", "7_62x25"),
        ("7.63 Mauser|7,63 Mauser", "7_63_mauser"),
        ("7.92|7,9|8x57 IS|7.92x57", "8x57is"),
        ("12/70|12 gauge|12", "12_gauge"),
        ("9 mm P.A.K.|9 mm P.A. Knall|9 PAK", "9_pak"),
        ("7,62x39|7.62 x 39|7,62х39 мм", "7_62x39"),
        ("8 mm K.", "8_k"),
        ("6 mm Flobert", "6_flobert"),
        ("4 mm Flobert", "4_flobert"),
        (".357 Mag", "357_magnum"),
        ("9 mm", "?9x17 9x18 9x19"),
    ],
)
def test_the_calibres_of_the_region_are_found_and_near_ones_stay_apart(texts: str, expected: str) -> None:
    names = texts.split("|")
    assert {name: ids(REFERENCE.find_calibre(name)) for name in names} == dict.fromkeys(names, expected)


@pytest.mark.parametrize(
    ("make", "weapon_class", "model", "place"),
    [
        ("Makarov", "pistol", "PM", None),
        ("Tokarev", "pistol", "M57", "YU"),
        ("Nobody's", "pistol", "M57", None),
        ("Браунинг", "pistol", "ХП 35", "BE"),
        ("ČZ", "pistol", None, "CZ"),
        ("CZ", "pistol", None, None),
        ("Preduzeće 44", "rifle_bolt", None, "YU"),
    ],
)
def test_a_place_of_manufacture_follows_only_from_what_is_agreed(
    make: str, weapon_class: str, model: str | None, place: str | None
) -> None:
    assert REFERENCE.manufacture_place(make, weapon_class, model) == place


@pytest.mark.parametrize("place", ["YU", "SFRY", "SU", "DD", "CSHH", "CS"])
def test_states_that_are_no_more_are_in_the_table_of_successors(place: str) -> None:
    assert REFERENCE.tables.successors[place]
