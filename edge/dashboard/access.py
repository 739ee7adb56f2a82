"""The way to a page: where it listens, the login before it, and the limits of a connection."""

from __future__ import annotations

import asyncio
import fcntl
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge.config.delivery import DashboardConfig
from edge.dashboard.auth.middleware import AuthMiddleware, PublicAddress
from edge.dashboard.auth.sessions import Sessions
from edge.error import EmvasError

_OWN_NAMES = ["127.0.0.1", "localhost", "[::1]"]
"""Another name in a request may be a foreign site that resolves to this machine (DNS rebinding). With a password that
is harmless: the cookie belongs to the right name only."""

MAX_CONNECTIONS = 64
"""A browser holds up to six while it loads a page and one afterwards (https://www.rfc-editor.org/rfc/rfc9112#section-9.4)."""
HEAD_S = 10.0
"""Time limit for the head of a request, from the connection or from the previous answer."""
ANSWER_S = 120.0
"""Time limit for an answer and its transfer: drawing many days takes seconds."""
_SIOCGIFADDR = 0x8915
"""Asks for the address of an interface (netdevice(7))."""
_STOP_S = 5.0
"""Time limit for the end of a server: it gives open answers one second."""


class TimedConnection(H11Protocol):
    """A connection of uvicorn that ends at its time limit, or when a newer connection needs its place."""

    _timer: asyncio.TimerHandle | None = None
    _waits = True
    """Whether it waits for the head of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection; with too many, close the one that has waited longest for a request."""
        super().connection_made(transport)
        self._began_s = self.loop.time()
        self._allow(HEAD_S)
        if len(self.connections) > MAX_CONNECTIONS:
            waiting = [other for other in self.connections if isinstance(other, TimedConnection) and other._waits]
            min(waiting, key=lambda other: other._began_s).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read; the limit for the answer starts when the head is complete."""
        super().data_received(data)
        waits = self.cycle is None or self.cycle.response_complete
        if waits != self._waits:
            self._waits = waits
            self._began_s = self.loop.time()
            self._allow(HEAD_S if waits else ANSWER_S)

    def on_response_complete(self) -> None:
        """Start the limit for the next head."""
        self._waits, self._began_s = True, self.loop.time()
        self._allow(HEAD_S)
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Hand over to the websocket protocol, which sends pings."""
        self._stop()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the limit."""
        self._stop()
        super().connection_lost(exc)

    def _allow(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class DashboardError(EmvasError):
    """The page cannot be served as configured; the message says why and what to do."""


def is_own(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int, password: str | None = None, public_url: str | None = None) -> socket.socket:
    """A listening socket on `host`; port 0 takes a free one.

    Raises:
        DashboardError: other machines could reach the page without a password, or the address cannot be used.
    """
    if password is None and public_url is not None:
        raise DashboardError(
            f"dashboard.public_url is {public_url}: others reach the page there, so it wants a password; name its file "
            "in dashboard.password_file (or a variable in dashboard.password_env)"
        )
    if password is None and not is_own(host):
        raise DashboardError(
            f"dashboard.host is {host}, which other machines reach, so the page wants a password: name its file in "
            "dashboard.password_file (or a variable in dashboard.password_env), or keep 127.0.0.1 and reach the page "
            f"with `ssh -L {port}:127.0.0.1:{port} BOX`"
        )
    address = "127.0.0.1" if host == "localhost" else host
    try:
        return socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    except OSError as error:
        raise DashboardError(
            f"port {port} on {host} cannot be used ({error.strerror}): another program may have it: choose another "
            "with --port"
        ) from error


def url(listening: socket.socket, tls: bool) -> str:
    """Where a browser finds the page; for all addresses, the one by which other machines reach this one."""
    host, port = listening.getsockname()[:2]
    if host == "0.0.0.0":
        host = _outward() or host
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _outward() -> str | None:
    """The first IPv4 address of this machine that is not loopback; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # an interface without an address
                answer = fcntl.ioctl(asked, _SIOCGIFADDR, struct.pack("256s", name.encode()))
                if not is_own(host := socket.inet_ntoa(answer[20:24])):
                    return host
    return None


def is_unencrypted(settings: DashboardConfig) -> bool:
    """Whether password and pages cross the network without a certificate."""
    return settings.cert_file is None and not is_own(settings.host)


@contextmanager
def serving(server: uvicorn.Server, listening: socket.socket) -> Iterator[None]:
    """Serve from a separate thread until `with` ends."""
    thread = threading.Thread(target=server.run, args=([listening],), name="page", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_STOP_S)


def guarded(
    app: ASGIApp, settings: DashboardConfig, password: str | None, listening: socket.socket, public: PublicAddress
) -> uvicorn.Server:
    """The server of `app`, behind the login if there is a password; its `run` takes `listening`.

    Raises:
        DashboardError: the certificate or the key cannot be used.
    """
    tls = settings.cert_file is not None
    if is_own(listening.getsockname()[0]):
        app = TrustedHostMiddleware(app, allowed_hosts=[*_OWN_NAMES, *([public.name] if public.name else [])])
    config = uvicorn.Config(
        AuthMiddleware(app, Sessions(password) if password else None, tls, public),
        log_level="warning",
        http=TimedConnection,
        proxy_headers=bool(public.origin),
        timeout_graceful_shutdown=1,
        server_header=False,
        ssl_certfile=settings.cert_file,
        ssl_keyfile=settings.key_file,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise DashboardError(
            f"dashboard.cert_file {settings.cert_file} and dashboard.key_file {settings.key_file} cannot be used: "
            f"{error}"
        ) from error
    return uvicorn.Server(config)
