"""Clients of our own processes' pages and APIs. It changes with how processes of one installation reach each other."""

from pathlib import Path

import httpx

from interfocal.transport.signing_in import trusting


def client_of(authority: Path, timeout_s: float) -> httpx.Client:
    """Asks processes that this authority (PEM) has certified; raises Misconfigured when it cannot be read.

    Directly: a proxy that this machine's environment names is for what lies outside, and would not find them.
    """
    return httpx.Client(timeout=timeout_s, verify=trusting(authority), trust_env=False)
