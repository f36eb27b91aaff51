"""``interfocal member rotate`` and ``revoke``: another key for an owner, or the end of one. It changes with those."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from consumers.source import Broker, KafkaTopicReader
from interfocal.clock import now
from interfocal.commands.submit import HERE, Var
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation, Places, open_installation
from interfocal.trust.draft import Draft, with_keys, with_opening_keys
from interfocal.trust.ending import Log, Number, in_outbox, on_log
from interfocal.trust.owner_keys import OwnerKeys
from producers.outbox.reading import open_read_only
from schemas.directory import Directory, Ending, Key
from schemas.errors import Misconfigured
from schemas.rights import OPERATOR
from schemas.topics import REGION, owner_of, planned_topics

LAST = re.compile(r"([a-z0-9.-]+)=([0-9]{1,4})\.([0-9]{1,13})")

Owner = Annotated[str, typer.Argument(help="The member's code, or region.")]
DAY_S = 86_400


def rotate(
    owner: Owner,
    overlap_days: Annotated[
        int, typer.Option("--overlap-days", min=1, help="The key before it may seal so long.")
    ] = 30,
    without_voucher: Annotated[
        bool, typer.Option("--without-voucher", help="The key before it is lost: people confirm the new one.")
    ] = False,
    var: Var = HERE,
) -> None:
    """Make the next signing key of an owner here, and put it into the draft: it seals as soon as that is in force.

    A member gets another key beside it, to which what is sealed is granted from then on.
    """
    places = Places(var)
    draft = Draft(places.draft, places.trust.read())
    directory, at, code = draft.read(), now(), _owner(owner)
    known = directory.keys_of(code)
    own = OwnerKeys(places, directory.region, code)
    fresh = own.following(known, at, vouched=not without_voucher)
    until = int(at.timestamp()) + overlap_days * DAY_S
    before = tuple(key.model_copy(update={"valid_until": min(key.valid_until, until)}) for key in known)
    rotated = with_keys(directory, code, (*before, fresh))
    if code != REGION:  # what was granted to the key before opens with that one
        opening = directory.member(code).opening_keys
        rotated = with_opening_keys(rotated, code, (*opening, own.opening(opening, at, fresh)))
    draft.write(rotated)
    typer.echo(f"{fresh.kid} is in the draft{' and vouched for' * bool(fresh.voucher)}.")
    if without_voucher:
        typer.echo("Until a person confirms it, it counts at no installation: `interfocal directory confirm`.")


def revoke(
    owner: Owner,
    kid: Annotated[str, typer.Argument(help="The key's id.")],
    because: Annotated[Literal["lost", "stolen", "misused"], typer.Option("--because", help="Why it ends.")],
    last: Annotated[
        list[str] | None, typer.Option("--last", help="Last honest number of a topic, as rs.seizure=1.57.")
    ] = None,
    all_on_log: Annotated[bool, typer.Option("--all-on-log", help="All that it has sealed so far is honest.")] = False,
    var: Var = HERE,
) -> None:
    """End a key in the draft: what it sealed beyond its owner's last honest records is not the owner's.

    The last honest numbers are read from the owner's outbox where that is here. They end before the first number that
    two records have: one of those is forged.
    """
    installation = open_installation(var)
    draft = Draft(installation.places.draft, installation.kept)
    directory, code = draft.read(), _owner(owner)
    key = _key(directory, code, kid)
    limits = _limits(installation, code, kid, last or [], all_on_log=all_on_log)
    reader = KafkaTopicReader(Broker(access_of(installation, OPERATOR), "member.revoke", installation.prefix))
    try:
        honest = on_log(Log(reader, installation.seals), kid, limits)
    finally:
        reader.close()
    ended = key.model_copy(update={"ended": Ending(at=now(), because=because, honest=honest)})
    keys = tuple(ended if one.kid == kid else one for one in directory.keys_of(code))
    draft.write(with_keys(directory, code, keys))
    for one in honest:
        typer.echo(f"{one.topic}: honest up to number {one.seq} of life {one.life}")
    typer.echo(f"{kid} ends with the draft; afterwards its owner seals the rest again: `interfocal producer recover`.")


def _owner(owner: str) -> str:
    return owner.lower()


def _key(directory: Directory, owner: str, kid: str) -> Key:
    for key in directory.keys_of(owner):
        if key.kid == kid and key.ended is None:
            return key
    raise Misconfigured(f"the directory has no key {kid} of {owner} that has not ended")


def _limits(
    installation: Installation, owner: str, kid: str, last: list[str], *, all_on_log: bool
) -> dict[str, Number | None]:
    topics = [t.name for t in planned_topics(installation.directory.owners()) if owner_of(t.name) == owner]
    if all_on_log:
        return dict.fromkeys(topics)
    if last:
        return dict(map(_number, last))
    outbox = installation.places.outbox(owner)
    if owner == REGION or not outbox.exists():
        raise Misconfigured(f"the outbox of {owner} is not here: say the --last honest number of each topic")
    return _in_outbox(outbox, kid)


def _in_outbox(path: Path, kid: str) -> dict[str, Number | None]:
    outbox = open_read_only(path)
    try:
        return dict(in_outbox(outbox, kid))
    finally:
        outbox.close()


def _number(text: str) -> tuple[str, Number]:
    found = LAST.fullmatch(text)
    if found is None:
        raise Misconfigured(f"{text!r} is no last number; write the topic, life and number as rs.seizure=1.57")
    return found[1], (int(found[2]), int(found[3]))
