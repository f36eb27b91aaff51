"""Clients of the cluster that sign in over TLS, and that say at once when they are turned away.

It changes with the client library. Left alone it tries a wrong password for as long as a broker that is away, and then
names no cause.
"""

import ssl
from pathlib import Path
from typing import Any

from kafka.errors import KafkaConnectionError, SaslAuthenticationFailedError
from kafka.net.compat import KafkaNetClient
from kafka.net.connection import KafkaConnection
from kafka.net.inet import create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaSSLTransport

from interfocal.transport.message_classes import make_once
from schemas.access import Access
from schemas.errors import Misconfigured

MECHANISM = "SCRAM-SHA-512"
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


class Whole(KafkaSSLTransport):
    """A connection that begins in time or not at all, and whose last words are read.

    The library drops what came together with the end, and that is how a broker says that a password is wrong.
    """

    async def shake_hands(self, timeout_at: float | None) -> None:
        """As the library does, which waits without end for who lets it connect and then says nothing."""
        while True:
            try:
                self._sock.do_handshake()
            except ssl.SSLWantReadError:
                await self._net.wait_read(self._sock, timeout_at)
            except ssl.SSLWantWriteError:
                await self._net.wait_write(self._sock, timeout_at)
            else:
                return

    def _sock_recv(self) -> tuple[bytes, Exception | None]:
        received, error = super()._sock_recv()
        return received, None if received else error  # the end is met again by the next read


class TurnedAway(KafkaConnectionManager):
    """The library's connections, all over TLS, of which the first that is turned away ends the attempt to connect."""

    def __init__(self, net: NetworkSelector, **configs: Any) -> None:
        super().__init__(net, **configs)
        self._cause: Exception | None = None

    def get_connection(self, node_id: Any, **options: Any) -> KafkaConnection:
        """A connection; raises SaslAuthenticationFailedError when one was turned away before any was let in."""
        if self._cause is not None and not self.bootstrapped:
            raise self._cause
        connection = super().get_connection(node_id, **options)
        connection.init_future.add_errback(self._note)
        return connection

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Whole:
        """As the library does, which leaves the socket behind when the other side is not believed."""
        options = self.config["socket_options"]
        plain = await create_connection(self._net, node.host, node.port, options, timeout_at=timeout_at)
        transport = Whole(self._net, plain, host=node.host, ssl_context=self.config["ssl_context"])
        try:
            await transport.shake_hands(timeout_at)
        except Exception as error:
            transport.close()
            raise KafkaConnectionError(f"no TLS: {error}") from error
        return transport

    def _note(self, error: BaseException) -> None:
        if isinstance(error, SaslAuthenticationFailedError):
            user = self.config["sasl_plain_username"]
            self._cause = SaslAuthenticationFailedError(f"wrong user or password for {user}")
        elif UNTRUSTED in str(error):
            self._cause = SaslAuthenticationFailedError(f"the broker's certificate is not trusted: {error}")


def client(**configs: Any) -> KafkaNetClient:
    """What the library connects through."""
    make_once()
    net = NetworkSelector(**configs)
    return KafkaNetClient(net=net, manager=TurnedAway(net, **configs), **configs)


def trusting(authority: Path) -> ssl.SSLContext:
    """TLS 1.3 to servers that this authority (PEM) has certified for the name asked for; raises Misconfigured."""
    try:
        context = ssl.create_default_context(cafile=str(authority))
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"the certificates in {authority} cannot be read: {error}; see the setting tls.authority"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def access_as(bootstrap: str, principal: str, password: str, authority: Path) -> Access:
    """How this principal reaches the cluster; raises Misconfigured for an empty password, or without certificates."""
    if not password:
        raise Misconfigured(
            f"the password of {principal} is empty: delete its file and run `interfocal provision apply`"
        )
    security = {
        "security_protocol": "SASL_SSL",
        "ssl_context": trusting(authority),
        "sasl_mechanism": MECHANISM,
        "sasl_plain_username": principal,
        "sasl_plain_password": password,
        "kafka_client": client,
    }
    return Access(bootstrap, principal, security)
