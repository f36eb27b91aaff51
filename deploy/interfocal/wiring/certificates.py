"""Tells until when certificates hold, for those who watch. It changes with the certificates of a process."""

from interfocal.installation.access import authority_of, server_certificate_of
from interfocal.installation.installation import Installation
from interfocal.process.metrics import Metrics
from interfocal.transport.certificates import expiry


def tell_expiries(metrics: Metrics, installation: Installation) -> None:
    """Of what the process serves with, and of whom it believes. Raises Misconfigured where there is no certificate."""
    for certificate, path in (
        ("server", server_certificate_of(installation)),
        ("authority", authority_of(installation)),
    ):
        metrics.trust.certificate_expires.labels(certificate).set(expiry(path).timestamp())
