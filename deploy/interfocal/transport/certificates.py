"""Certificates of an exercise: an authority, and what it says of servers. It changes with what they have to say.

Pure but for the keys' chance. A region that holds real cases brings certificates of its own authority.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from schemas.errors import Misconfigured

AUTHORITY_LIFE = timedelta(days=3650)
LIFE = timedelta(days=397)
EARLIER = timedelta(minutes=5)  # a clock that is slow by so much believes it all the same
HERE = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True, slots=True)
class Certified:
    """A key and what is said of it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        """The private key, PKCS#8."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)


def make_authority(name: str, at: datetime) -> Certified:
    """An authority that certifies servers, and no other authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, name, key.public_key(), (at, AUTHORITY_LIFE))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(certifies=True), critical=True)
    return Certified(key, builder.sign(key, hashes.SHA256()))


def certify(authority: Certified, name: str, uses: Sequence[x509.ObjectIdentifier], at: datetime) -> Certified:
    """A new key for a server of this machine under this name (CN)."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    builder = _builder(name, str(issuer), key.public_key(), (at, LIFE))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(certifies=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(HERE), critical=False)
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = builder.add_extension(issued_by, critical=False)
    return Certified(key, builder.sign(authority.key, hashes.SHA256()))


def read_certified(key_pem: bytes, certificate_pem: bytes) -> Certified:
    """What was written before; raises Misconfigured when it is not that."""
    try:
        key = load_pem_private_key(key_pem, None)
        certificate = x509.load_pem_x509_certificate(certificate_pem)
    except ValueError as error:
        raise Misconfigured(f"a key or certificate of the local stack cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise Misconfigured("a key and a certificate of the local stack do not belong together")
    return Certified(key, certificate)


def expiry(path: Path) -> datetime:
    """When the first of the certificates in a PEM file to end does so; raises Misconfigured when there is none."""
    try:
        return min(one.not_valid_after_utc for one in x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"there is no certificate in {path} ({error}): see the settings under tls") from error


def _builder(
    name: str, issuer: str, key: ec.EllipticCurvePublicKey, valid: tuple[datetime, timedelta]
) -> x509.CertificateBuilder:
    at, life = valid
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - EARLIER)
        .not_valid_after(at + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certifies,
        key_cert_sign=certifies,
        crl_sign=certifies,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
