"""How an installation reaches the cluster, and whom it believes. It changes with what of that is set or kept."""

from pathlib import Path

from interfocal.installation.installation import Installation, Places
from interfocal.installation.secrets import read_secret
from interfocal.transport.local import LocalTrust
from interfocal.transport.signing_in import access_as
from schemas.access import Access
from schemas.rights import principal_owner


def password_file(places: Places, principal: str) -> Path:
    """Where the password lies with which a principal signs in: among its owner's secrets."""
    return places.secrets(principal_owner(principal)) / f"{principal}.password"


def access_of(installation: Installation, principal: str) -> Access:
    """How one of our principals reaches the cluster; raises Misconfigured when its password is not here."""
    password = read_secret(password_file(installation.places, principal)).decode()
    user = installation.prefix + principal
    return access_as(installation.bootstrap, user, password, authority_of(installation))


def admin_access_of(installation: Installation) -> Access:
    """How who provisions reaches the cluster; raises Misconfigured when that password is not here."""
    kafka = installation.settings.kafka
    given = kafka.admin_password
    password = given.get_secret_value() if given else LocalTrust.under(installation.var).admin_password()
    return access_as(installation.bootstrap, kafka.admin, password, authority_of(installation))


def authority_of(installation: Installation) -> Path:
    """The certificates of the authorities that are believed here: those set, else that of the local stack."""
    return installation.settings.tls.authority or LocalTrust.under(installation.var).authority


def server_certificate_of(installation: Installation) -> Path:
    """Key and certificate with which processes serve HTTP here: those set, else those of the local stack."""
    return installation.settings.tls.server or LocalTrust.under(installation.var).server
