"""What the local stack keeps so that its servers are believed: ``var/tls``. It changes with the servers it has.

Everything is made where it is missing, and a certificate anew when it ends soon; so starting again is safe.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from interfocal.clock import now, random_token
from interfocal.installation.secrets import keep_secret, read_secret, write_private
from interfocal.transport.certificates import (
    CLIENT,
    SERVER,
    Certified,
    certify,
    expiry,
    make_authority,
    read_certified,
)

ADMIN = "provision"
RENEWED_BEFORE = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class LocalTrust:
    """The folder of an authority of this machine's own, what it has certified, and the administrator's password."""

    folder: Path

    @classmethod
    def under(cls, var: Path) -> "LocalTrust":
        """That of the stack under this folder."""
        return cls(var / "tls")

    @property
    def authority(self) -> Path:
        """The authority's certificate, which every client is given."""
        return self.folder / "authority.pem"

    @property
    def server(self) -> Path:
        """Key and certificate with which the processes of this machine serve HTTP."""
        return self.folder / "server.pem"

    @property
    def admin(self) -> Path:
        """The administrator's password in the local Kafka."""
        return self.folder / "provision.password"

    def broker(self, number: int) -> Path:
        """Key and certificate of a broker, by which the others know it."""
        return self.folder / f"broker-{number}.pem"

    def admin_password(self) -> str:
        """Raises Misconfigured when there is none, as before the first start."""
        return read_secret(self.admin).decode()

    def settle(self, brokers: Sequence[int]) -> None:
        """Make what is missing or ends soon; raises Misconfigured for what cannot be read."""
        keep_secret(self.admin, random_token().encode())
        authority = self._authority()
        for number in brokers:
            self._keep(self.broker(number), authority, f"broker-{number}", (SERVER, CLIENT))
        self._keep(self.server, authority, "processes", (SERVER,))

    def _authority(self) -> Certified:
        key = self.folder / "authority.key.pem"
        if not (key.exists() and self.authority.exists()):
            made = make_authority("Interfocal, this machine only", now())
            write_private(key, made.key_pem)
            write_private(self.authority, made.pem)
        return read_certified(read_secret(key), self.authority.read_bytes())

    def _keep(self, path: Path, authority: Certified, name: str, uses: Sequence[x509.ObjectIdentifier]) -> None:
        if path.exists() and expiry(path) - now() > RENEWED_BEFORE:
            return
        made = certify(authority, name, uses, now())
        write_private(path, made.key_pem + made.pem + authority.pem)
