"""Checks of what lets anything be sent: the directory, and the keys in it and here. It changes with what is trusted."""

from collections.abc import Iterator
from datetime import UTC, datetime

from interfocal.clock import now
from interfocal.doctor import next_steps
from interfocal.doctor.finding import REGION_CODE, Finding, Subject
from interfocal.watching.validity import NEVER, SOON, expiries
from schemas.directory import check_in_force
from schemas.errors import Misconfigured, NotInForce
from schemas.topics import REGION
from schemas.trust.keys import public_key_of, thumbprint


def directory(subject: Subject) -> Iterator[Finding]:
    """A directory that has expired, or does so soon."""
    in_force, at = subject.opened.directory, now()
    command = next_steps.sign(subject.opened.places.root_key)
    try:
        check_in_force(in_force, at)
    except NotInForce as error:
        yield Finding("validity", str(error), command)
        return
    if in_force.expires_at - at < SOON:
        sentence = f"version {in_force.version} of the directory expires at {moment(in_force.expires_at)}"
        yield Finding("validity", sentence, command)


def keys(subject: Subject) -> Iterator[Finding]:
    """Owners of whose keys the last expires soon, or none counts; keys that are missing here; keys that wait."""
    yield from waiting(subject)
    for owner, end_s in expiries(subject.opened.kept).items():
        if found := _of_owner(subject, owner, end_s):
            yield found


def waiting(subject: Subject) -> Iterator[Finding]:
    """Keys that do not count here before a person has compared their fingerprints."""
    kept = subject.opened.kept
    for owner, key in kept.directory.owned_keys():
        if thumbprint(public_key_of(key, owner).raw) in kept.trust.waiting:
            sentence = f"key {key.kid} of {owner.upper()} does not count here until a person confirms it"
            yield Finding("keys", sentence, next_steps.DIRECTORY, named(owner))


def moment(at: datetime) -> str:
    """A moment as people say it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def named(owner: str) -> tuple[str, ...]:
    """The member for whose footnote a sentence asks."""
    return () if owner == REGION else (owner.upper(),)


def _of_owner(subject: Subject, owner: str, end_s: int) -> Finding | None:
    here = subject.opened.places.secrets(owner).exists()
    command = next_steps.rotate(owner) if here or owner == REGION else next_steps.show_member(owner.upper())
    code = REGION_CODE if owner == REGION else owner.upper()
    if end_s == NEVER:
        return Finding("keys", f"no key of {code} counts here, so that it can send nothing", command, named(owner))
    end = datetime.fromtimestamp(end_s, UTC)
    if end - now() < SOON:
        return Finding("keys", f"the last key of {code} expires at {moment(end)}", command, named(owner))
    return _held(subject, owner, command) if here else None


def _held(subject: Subject, owner: str, command: str) -> Finding | None:
    """What is wrong with the private halves of an owner whose secrets are here."""
    try:
        subject.opened.signing_keys(owner).at(int(now().timestamp()))
    except (Misconfigured, NotInForce) as error:
        return Finding("keys", str(error), command, named(owner))
    return None
