"""The shared view as a member's desk reads it, by the region's API. It changes with that API.

The desk logs what it was shown, and where the region's log stood: a witness that the region cannot write anew.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import typer

from consumers.audit.log import Deed, Kind
from consumers.view.queries import LISTINGS, Wanted, given
from consumers.view.reading import ids_of
from consumers.web.asking import CASE, PERSON, PURPOSE
from consumers.web.view_routes import Read
from interfocal.audit.acting import Said
from interfocal.audit.logs import AuditLog
from interfocal.installation.access import authority_of
from interfocal.installation.endpoints import read_endpoints
from interfocal.installation.installation import Installation
from interfocal.installation.reader import TOKEN_FILE
from interfocal.installation.secrets import read_secret
from interfocal.listing import Form, Listed, print_footnotes, print_list
from interfocal.transport.signing_in import trusting
from producers.ways_in.python_call import TIMEOUT_S
from schemas.errors import Misconfigured, Rejected, StoreAway

OK = 200
FORBIDDEN = 403
LATER = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class DeskReading:
    """A desk that reads: whose it is, and what the person at it says of itself."""

    installation: Installation
    member: str
    said: Said

    @property
    def code(self) -> str:
        """The member's code; raises Misconfigured when there is none of this code."""
        return self.installation.directory.member(self.member).code

    def show(self, listing: str, wanted: Wanted, limit: int, form: Form) -> None:
        """Read a list from the region, log it, and print it. Raises Misconfigured and StoreAway."""
        told = self.ask(listing, wanted, limit)
        self.log(listing, wanted, told, form)
        members = LISTINGS[listing].members if listing in LISTINGS else ("member",)
        print_list(Listed(told.columns, told.rows, members), form, self.installation.directory)
        if form is not Form.JSON:
            for sentence in told.related_text:
                typer.echo(sentence, err=form is Form.CSV)
        if form is Form.TABLE:
            print_footnotes(self.installation.directory.footnotes({self.code, *told.related}))

    def ask(self, listing: str, wanted: Wanted, limit: int) -> Read:
        """What the region shows this desk. Raises Rejected where so much is shown to two persons only."""
        with self.region() as http:
            return Read.model_validate_json(answered(http, "GET", listing, _asked(wanted, limit)))

    @contextmanager
    def region(self) -> Iterator[httpx.Client]:
        """A client of the region's API that says who reads, why and for which case."""
        installation = self.installation
        token = read_secret(installation.places.secrets(installation.directory.member(self.code).owner) / TOKEN_FILE)
        reason = self.said.reason(installation.directory)
        headers = {"Authorization": f"Bearer {token.decode().strip()}"}
        headers |= {PERSON: reason.person, PURPOSE: reason.purpose, CASE: reason.case}
        url = f"{region_address(installation)}/v1/view/"
        tls = trusting(authority_of(installation))
        with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, verify=tls) as http:
            yield http

    def log(self, listing: str, wanted: Wanted, told: Read, form: Form) -> None:
        """Keep in the desk's own log what was shown, and the entry of the region's log that says so too."""
        what = {"list": listing, "narrowed_by": given(wanted), "records": ids_of(told.rows), "region_log": told.log}
        kind = Kind.EXPORT if form is Form.CSV else Kind.CONSULTATION
        acting = self.said.acting(self.installation.directory, self.code)
        AuditLog(self.installation, self.code).note(acting, Deed(kind, what))


def region_address(installation: Installation) -> str:
    """Where the region's API answers; raises Misconfigured when nobody has said so."""
    url = installation.settings.view.url or read_endpoints(installation.var).get("region")
    if not url:
        raise Misconfigured("no region process answers here: start one with `interfocal run region`, or set view.url")
    return str(url).rstrip("/")


def _asked(wanted: Wanted, limit: int) -> Mapping[str, Any]:
    values = {name: getattr(wanted, name) for name in given(wanted)}
    return {
        "limit": limit,
        **{name: value if isinstance(value, bool) else str(value) for name, value in values.items()},
    }


def answered(http: httpx.Client, method: str, address: str, asked: Mapping[str, Any] | None = None) -> bytes:
    """What the region answers. Raises StoreAway when it does not, or not now, and Rejected or Misconfigured else."""
    try:
        answer = http.request(method, address, params=asked)
    except httpx.TransportError as error:
        raise StoreAway(f"the region at {http.base_url} does not answer ({type(error).__name__})") from error
    if answer.status_code != OK:
        raise _not_shown(http.base_url, answer)
    return answer.content


def _not_shown(url: httpx.URL, answer: httpx.Response) -> Misconfigured | Rejected | StoreAway:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"HTTP {answer.status_code}"
    sentence = f"the region at {url} shows nothing: {detail}"
    if answer.status_code == FORBIDDEN:
        return Rejected(sentence)
    return StoreAway(sentence) if answer.status_code in LATER else Misconfigured(sentence)
