"""The password of the dashboard, the limit on guesses, and the sessions that are logged in."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.config.delivery import DashboardConfig
from edge.error import EmvasError

SESSION_S = 12 * 3600.0
"""A shift: afterwards the page asks for the password again."""
MIN_PASSWORD_LENGTH = 12
"""NIST SP 800-63B requires 15 characters if a password is the only factor, else 8; guesses are limited."""
POLICY_VIOLATION = 1008
"""The code with which a websocket is refused and closed (RFC 6455, 7.4.1)."""
_MAX_SESSIONS = 256
_MAX_FAILURES, _FAILURES_WITHIN_S = 5, 60.0
_MAX_CLIENTS = 1024


class PasswordError(EmvasError):
    """The password cannot be read or is too weak; the message says where and what to do."""


def read_password(settings: DashboardConfig) -> str | None:
    """The password of the page; None if the configuration names none.

    Raises:
        PasswordError: it cannot be read, or is too short.
    """
    if settings.password_file:
        try:
            password = Path(settings.password_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise PasswordError(f"dashboard.password_file {settings.password_file} cannot be read: {error}") from error
    elif settings.password_env:
        password = os.environ.get(settings.password_env, "")
    else:
        return None
    if len(password) < MIN_PASSWORD_LENGTH:
        where = "password_file" if settings.password_file else "password_env"
        raise PasswordError(
            f"the password of dashboard.{where} has {len(password)} letters: it needs {MIN_PASSWORD_LENGTH} or more, "
            "such as `openssl rand -base64 18` makes"
        )
    return password


class Sessions:
    """Checks the password, limits guesses, and knows the sessions that are logged in; used by one event loop."""

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._password, self._clock = password.encode(), clock
        self._end_s: dict[str, float] = {}
        """When each session ends."""
        self._logged_out: dict[str, asyncio.Event] = {}
        self._failures: dict[str, deque[float]] = {}
        """Times of the last wrong passwords of each client."""

    def is_blocked(self, client: str) -> bool:
        """Whether this address sent too many wrong passwords in the last minute."""
        failures = self._failures.get(client, deque())
        return len(failures) == _MAX_FAILURES and self._clock() - failures[0] < _FAILURES_WITHIN_S

    def log_in(self, client: str, password: str) -> str | None:
        """The id of a new session; None for a wrong password."""
        if not hmac.compare_digest(password.encode(), self._password):
            if len(self._failures) >= _MAX_CLIENTS:
                self._failures.clear()
            self._failures.setdefault(client, deque(maxlen=_MAX_FAILURES)).append(self._clock())
            return None
        self._failures.pop(client, None)
        now_s = self._clock()
        self._end_s = {session: end_s for session, end_s in self._end_s.items() if end_s > now_s}
        while len(self._end_s) >= _MAX_SESSIONS:
            self.log_out(next(iter(self._end_s)))
        session = secrets.token_urlsafe(32)
        self._end_s[session] = now_s + SESSION_S
        return session

    def is_valid(self, session: str | None) -> bool:
        """Whether the session is logged in and has not expired."""
        return session is not None and self._end_s.get(session, 0.0) > self._clock()

    def log_out(self, session: str) -> None:
        """End a session."""
        self._end_s.pop(session, None)
        if logged_out := self._logged_out.pop(session, None):
            logged_out.set()

    async def wait_for_end(self, session: str) -> None:
        """Wait until a session is logged out or expires."""
        logged_out = self._logged_out.setdefault(session, asyncio.Event())
        try:
            await asyncio.wait_for(logged_out.wait(), max(0.0, self._end_s.get(session, 0.0) - self._clock()))
        except asyncio.TimeoutError:
            self.log_out(session)


async def close_with_session(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, session_end: Awaitable[None]
) -> None:
    """Run `app` on a websocket; at `session_end` close the browser's end and report the disconnection to `app`."""
    over = asyncio.ensure_future(session_end)
    closed = False

    async def received() -> Message:
        coming = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not coming.done():
                coming.cancel()
        if not over.done():
            return coming.result()
        await sent({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "The session is over."})
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

    async def sent(message: Message) -> None:
        nonlocal closed
        if not closed:
            closed = message["type"] == "websocket.close"
            await send(message)

    try:
        await app(scope, received, sent)
    finally:
        over.cancel()
