"""Connections to the page, each with its time: who says nothing, or a byte now and then, does not keep others out."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 64
"""A browser holds up to six while it loads a page and one afterwards (https://www.rfc-editor.org/rfc/rfc9112#section-9.4)."""
HEAD_S = 10.0
"""For the head of a request, from the connection or from the answer before it."""
ANSWER_S = 120.0
"""For an answer, with the reading of it: a report of many days is drawn in seconds."""


class TimedConnection(H11Protocol):
    """One connection as uvicorn serves it, ended when its time is up or when a newer one needs its place."""

    _timer: asyncio.TimerHandle | None = None
    _waits = True
    """For the head of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; where there are too many, the one that has waited longest for a request goes."""
        super().connection_made(transport)
        self._began_s = self.loop.time()
        self._allow(HEAD_S)
        if len(self.connections) > MOST_CONNECTIONS:
            waiting = [other for other in self.connections if isinstance(other, TimedConnection) and other._waits]
            min(waiting, key=lambda other: other._began_s).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read; the time for the head begins once, the time for the answer when the head is there."""
        super().data_received(data)
        waits = self.cycle is None or self.cycle.response_complete
        if waits != self._waits:
            self._waits = waits
            self._began_s = self.loop.time()
            self._allow(HEAD_S if waits else ANSWER_S)

    def on_response_complete(self) -> None:
        """Begin the time for the next head."""
        self._waits, self._began_s = True, self.loop.time()
        self._allow(HEAD_S)
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Hand over to the protocol of websockets, which pings by itself."""
        self._stop()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop()
        super().connection_lost(exc)

    def _allow(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
