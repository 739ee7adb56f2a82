"""Serving the page on this machine only."""

from __future__ import annotations

import ipaddress
import socket

import uvicorn
from fastapi import FastAPI
from nicegui import ui
from starlette.middleware.trustedhost import TrustedHostMiddleware

from edge.dashboard.feed import Feed
from edge.dashboard.page import add_pages
from edge.error import EmvasError

_OWN_NAMES = ["127.0.0.1", "localhost", "[::1]"]
"""Any other name in a request is a foreign site's that was made to resolve to this machine (DNS rebinding)."""


class DashboardError(EmvasError):
    """The page cannot be served as asked; the message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `host`; port 0 takes a free one.

    Raises:
        DashboardError: `host` is not this machine alone, or the port is taken.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise DashboardError(
            f"dashboard.host is {host}: the page has no password yet, so it is served on 127.0.0.1 only; from another "
            "machine reach it with `ssh -L 8080:127.0.0.1:8080 BOX`"
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        raise DashboardError(
            f"port {port} on {host} cannot be used ({error.strerror}): another dashboard may run; choose another with "
            "--port or dashboard.port"
        ) from error


def url(listening: socket.socket) -> str:
    """Where a browser finds the page."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(feed: Feed, quiet_s: float, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    api = FastAPI(openapi_url=None)
    add_pages(feed, quiet_s)
    ui.run_with(api, dark=None, tailwind=False, show_welcome_message=False)
    api.add_middleware(TrustedHostMiddleware, allowed_hosts=_OWN_NAMES)
    config = uvicorn.Config(api, log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listening])
