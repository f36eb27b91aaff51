"""Targets: what stands on a topic. It changes when a consumer looks at something else of a record."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

from consumers.blocking import blocking_keys
from consumers.checked import CheckedEvent
from consumers.checking import Checked, Flaw, Terms, check_records
from consumers.quarantine.entries import escaped, unescaped
from consumers.view.rows import event_rows
from fuzz.target import Octets, Target, edited, outcome
from interfocal.commands.submit import printable
from interfocal.commands.tail import lines_of
from interfocal.tailing import Tail
from opened_batches import opened
from raw_batches import NOBODY, Codec, batch, gzip_of, record, records
from records import Station, a_decision, a_missing, a_seizure, signing_key
from schemas.errors import Undecodable, Unsealed, Unusable
from schemas.events.missing import Missing
from schemas.events.seizure import Seizure
from schemas.record import UNREADABLE_HEADER, Record
from schemas.trust.documents import open_document, sign_document
from schemas.trust.faults import Fault
from schemas.trust.keys import signing_key_from_seed, thumbprint
from schemas.trust.seal import read_seal, seal
from schemas.wire.catalogue import catalogue, latest, version_of
from schemas.wire.cloudevents import check_headers, headers_for
from schemas.wire.codec import PREFIX, decode, encode, event_from_json, event_json
from sealing import a_key, expecting, seal_of, with_seal
from source_tree import ROOT

TERMS = Terms(expecting(signing_key("rs"), signing_key("region")), exercise=True)
SEIZURE, MISSING, DECISION = a_seizure("case-1"), a_missing("gun-1"), a_decision("case-1")
EVENTS = ((SEIZURE, "rs.seizure"), (MISSING, "rs.missing"), (DECISION, "region.decision"))
SCHEMA_IDS = sorted(catalogue())
ABORTED = (SimpleNamespace(first_offset=0, producer_id=7),)
ROOT_KEY = a_key("root")
DIRECTORY = "directory+jws"


@cache
def sealed() -> Sequence[Record]:
    """A good record of each of a few streams."""
    return [Station(topic).record(event) for event, topic in EVENTS]


@cache
def chain() -> Sequence[Record]:
    """Four records of one chain."""
    station = Station("rs.missing")
    return [station.record(a_missing(f"gun-{number}"), number) for number in range(4)]


@cache
def values() -> Sequence[bytes]:
    """Good values: of those records, and the example of every schema."""
    examples = sorted(ROOT.glob("schemas/avro/*/*/example.bin"))
    return [record.value or b"" for record in sealed()] + [path.read_bytes() for path in examples]


def run_batches(data: bytes) -> None:
    """Whatever a broker may answer, every offset is told once, in order, and nothing is raised."""
    octets, written, base = Octets(data), b"", 0
    for _ in range(1 + octets.number(3)):
        count, attributes, writer = 1 + octets.number(4), octets.number(64), octets.pick((NOBODY, (7, 0, 0)))
        content = edited(octets.pick((records(count), gzip_of([records(count)]), b"")), Octets(octets.some(60)))
        written += batch(content, count, attributes, base=base, writer=writer)
        base += count
    place = 0
    for found in opened(written, 0, 1 + octets.number(5), aborted=ABORTED):
        assert found.offset == place
        assert found.span > 0
        assert unescaped("".join(escaped(name) for name, _ in found.headers)) is not None
        place = found.next_offset
    assert place == base


def run_headers(data: bytes) -> None:
    """Headers that agree are the event's own, spelled in any case; others are refused by their name alone."""
    octets, ours = Octets(data), headers_for(SEIZURE, "seizure")
    given = [(edited(name.encode(), Octets(octets.some(8))).decode(errors="replace"), text) for name, text in ours]
    given = [(name, edited(text, Octets(octets.some(12)))) for name, text in given]
    given.append((octets.some(20).decode(errors="replace"), octets.rest()))
    assert all(unescaped(escaped(name)) == name and escaped(name).isprintable() for name, _ in given)
    refused = outcome(lambda: check_headers(given, SEIZURE, "seizure"), Unusable)
    if refused is not None:
        assert set(refused.parameters.values()) <= set(dict(ours))
        return
    said = {name: text for name, text in ours if name.startswith("ce_")}
    assert all(said.get(name.lower(), text) == text for name, text in given)


def run_seal(data: bytes) -> None:
    """What is read as a seal would be written as these bytes; all else is Unsealed."""
    octets = Octets(data)
    header = _spoiled(seal_of(sealed()[octets.number(len(sealed()))]), octets)
    found = outcome(lambda: read_seal(header), Unsealed)
    if isinstance(found, Unsealed):
        assert found.code in {*Fault}
        return
    key = signing_key_from_seed(found.claims.kid, found.claims.chain, bytes(32))
    assert seal(b"", found.claims, key).partition(b".")[0] == found.protected
    assert len(found.signature) == 64


def _spoiled(token: bytes, octets: Octets) -> bytes:
    """Anything, a token with changes, or one whose header says something else in the right form."""
    match octets.number(4):
        case 0:
            return octets.rest()
        case 1:
            return edited(token, octets)
        case _:
            head, dot, tail = token.partition(b".")
            said = edited(urlsafe_b64decode(head + b"=="), octets)
            return urlsafe_b64encode(said).rstrip(b"=") + dot + tail


@cache
def signed() -> bytes:
    return sign_document(b'{"version":1}', DIRECTORY, ROOT_KEY)


def run_document(data: bytes) -> None:
    """A signed document is the one that was signed, in its one spelling, or Unsealed."""
    octets = Octets(data)
    token = _spoiled(signed(), octets)
    payload = outcome(lambda: open_document(token, DIRECTORY, {thumbprint(ROOT_KEY.raw_public)}), Unsealed)
    assert payload.code in {*Fault} if isinstance(payload, Unsealed) else token == signed()


def run_codec(data: bytes) -> None:
    """What decodes encodes to the same bytes, and goes through its JSON form unharmed; all else is Undecodable."""
    octets = Octets(data)
    known = values()
    choice = octets.number(len(known) + len(SCHEMA_IDS) + 1)
    if choice < len(known):
        value = edited(known[choice], octets)
    elif choice < len(known) + len(SCHEMA_IDS):
        value = PREFIX.pack(0, SCHEMA_IDS[choice - len(known)]) + octets.rest()
    else:
        value = octets.rest()
    found = outcome(lambda: decode(value), Undecodable)
    if isinstance(found, Undecodable):
        assert all(text.isprintable() for text in (found.code, *found.parameters.values()))
        return
    schema_id, event = found
    stream = version_of(schema_id).stream
    if latest(stream).schema_id == schema_id:
        assert encode(event) == value
    assert event_from_json(stream, json.loads(json.dumps(event_json(event)))) == event


def run_record(data: bytes) -> None:
    """A record that was changed is told with its reason, or is the sealed one in every byte that counts."""
    octets = Octets(data)
    good = sealed()[octets.number(len(sealed()))]
    headers = [(name, edited(text, Octets(octets.some(6)))) for name, text in good.headers]
    headers += [(octets.some(8).decode(errors="replace"), octets.some(8)) for _ in range(octets.number(3))]
    changed = replace(
        good,
        topic=octets.pick((good.topic, "rs.trace", "al.seizure", "region.decision")),
        key=octets.pick((good.key, None, b"", octets.some(40))),
        value=octets.pick((good.value, None, edited(good.value or b"", octets))),
        headers=octets.pick((tuple(headers), ((UNREADABLE_HEADER, octets.some(12)),), good.headers)),
    )
    (checked,) = check_records(changed.topic, [changed], TERMS)
    tell(checked)
    if isinstance(checked, CheckedEvent):
        assert (changed.topic, changed.key, changed.value) == (good.topic, good.key, good.value)
        assert seal_of(changed) == seal_of(good)


def run_signer(data: bytes) -> None:
    """A member may seal anything: it is told with its reason, or is an event that all behind the checks can take."""
    octets = Octets(data)
    event, topic = EVENTS[octets.number(len(EVENTS))]
    value = edited(encode(event), octets)
    made = Station(topic).record(event, value=value)
    (checked,) = check_records(topic, [made], TERMS)
    tell(checked)
    if isinstance(checked, CheckedEvent):
        assert encode(checked.event) == value
        take(checked)


def run_walk(data: bytes) -> None:
    """Of several records in any order, with any of them changed, each gets the verdict that it gets alone."""
    octets, good = Octets(data), chain()
    changed = [_changed(good[octets.number(4)], good, octets) for _ in range(1 + octets.number(6))]
    together = check_records("rs.missing", changed, TERMS)
    singly = [check_records("rs.missing", [one], TERMS)[0] for one in changed]
    assert together == singly


def _changed(one: Record, others: Sequence[Record], octets: Octets) -> Record:
    match octets.number(4):
        case 0:
            return replace(one, value=edited(one.value or b"", Octets(octets.some(5))))
        case 1:
            return with_seal(one, seal_of(others[octets.number(len(others))]))
        case _:
            return one


def tell(checked: Checked) -> None:
    """What people are shown of it: in printable lines, with a reason that is known."""
    told = Tail(checked.record.topic, TERMS, 0).tell([checked.record])
    for line in lines_of(told[0], pretty=False):
        assert printable(line).plain.isprintable()
    if not isinstance(checked, CheckedEvent):
        assert checked.reason.replace("_", "").isalpha()
        assert all(text.isprintable() for text in checked.parameters.values())
        json.dumps(dict(checked.parameters), ensure_ascii=False).encode()


def take(checked: CheckedEvent) -> None:
    """What the view does with it before anything is written."""
    event = checked.event
    if isinstance(event, Seizure | Missing):
        marks = [event.marks] if isinstance(event, Missing) else [i.firearm.marks for i in event.items if i.firearm]
        assert all(key.isprintable() or key for one in marks for key in blocking_keys(one))
        for _, row in event_rows(event, checked.sha256, 1, 1):
            json.dumps(row, default=str, ensure_ascii=False).encode()


def plain() -> Sequence[bytes]:
    """Nothing changed, and a little of everything."""
    return [b"", b"\x01", b"\x02", b"\x00\x01", b"\x00\x02", bytes(range(64)), b"\x00\x10\x00\x01\x02\x03", bytes(200)]


def chosen_values() -> Sequence[bytes]:
    """Each known value as it is."""
    return [bytes([number]) for number in range(len(values()))]


TARGETS = (
    Target("batches", run_batches, plain, (b"\xff\xff\xff\xff\x0f", bytes([Codec.GZIP]), record())),
    Target("headers", run_headers, plain, (b"ce_id", b"CE_ID", b"ce_type", b"\x00")),
    Target(
        "seal",
        run_seal,
        plain,
        (
            b'"life":',
            b'"after":[1,0],',
            b'"crit":["a"],',
            b"..",
            b'"',
            b",",
            b"9" * 20,
            b"1e9",
            b"-1",
            b"\\u0000",
            b"null",
        ),
    ),
    Target("document", run_document, plain, (b'"jwk":{', b'"crit":["a"],', b".", b'"', b",", b"+jws", b"none")),
    Target("codec", run_codec, chosen_values, (b"\x02", b"\x80\x00", b"\xff" * 9 + b"\x01", b"\x00")),
    Target("record", run_record, plain, (UNREADABLE_HEADER.encode(), b"seal", *(f.value.encode() for f in Flaw))),
    Target("signer", run_signer, plain, (b"\x02", b"\x00", b"\xd0\xa1", b"\x1b[2J")),
    Target("walk", run_walk, plain),
)
