"""Serves the pages of the dashboard."""

from __future__ import annotations

import socket

from fastapi import FastAPI
from nicegui import app, ui

from edge.config.delivery import DashboardConfig
from edge.dashboard.access import guarded
from edge.dashboard.auth.middleware import PublicAddress
from edge.dashboard.data.calendar import WINDOWS_S
from edge.dashboard.pages import add_pages
from edge.dashboard.pages.layout import DashboardContext


def serve(context: DashboardContext, settings: DashboardConfig, password: str | None, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        DashboardError: the certificate or the key cannot be used.
    """
    api = FastAPI(openapi_url=None)
    add_pages(context)
    # at startup, not earlier: NiceGUI inspects all objects while it starts, and fails on a tuple that a thread builds
    app.on_startup(lambda: context.timeline.prepare(WINDOWS_S[-1]))
    ui.run_with(api, dark=None, tailwind=False, show_welcome_message=False)
    guarded(api, settings, password, listening, PublicAddress.of(settings.public_url)).run(sockets=[listening])
