"""Settings by which an installation of a test finds the session's servers, and is believed and let in there."""

from interfocal.installation.access import authority_of, server_certificate_of
from interfocal.installation.installation import Installation
from interfocal.stack import Stack


def servers(of: Stack | Installation, prefix: str, names: str) -> str:
    """The text of ``interfocal.toml``; ``prefix`` and ``names`` set the installation apart from others."""
    password, authority, server = _trusted(of)
    return (
        f'[kafka]\nbootstrap = "{of.bootstrap}"\nprefix = "{prefix}"\nadmin_password = "{password}"\n'
        f'[tls]\nauthority = "{authority}"\nserver = "{server}"\n'
        f'[postgres]\nurl = "{of.postgres_url}"\nnames = "{names}"\n'
    )


def _trusted(of: Stack | Installation) -> tuple[str, str, str]:
    if isinstance(of, Stack):
        return of.trust.admin_password(), str(of.trust.authority), str(of.trust.server)
    given = of.settings.kafka.admin_password
    assert given is not None
    return given.get_secret_value(), str(authority_of(of)), str(server_certificate_of(of))
