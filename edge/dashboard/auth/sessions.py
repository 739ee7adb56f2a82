"""Who may see and change anything: one password, sessions in memory, and no request that another site made."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from edge.config.delivery import DashboardConfig
from edge.error import EmvasError

COOKIE = "emvas_session"
SESSION_S = 12 * 3600.0
"""A shift: after it the password is asked for again."""
LEAST_PASSWORD = 12
"""NIST SP 800-63B asks for 15 letters where a password is the only factor and 8 otherwise; guesses are slowed here."""
_MOST_SESSIONS = 256
_TRIES, _TRIES_WITHIN_S = 5, 60.0
_MOST_STRANGERS = 1024


class PasswordError(EmvasError):
    """The password cannot be read or is too weak; the message says where and what to do."""


def read_password(settings: DashboardConfig) -> str | None:
    """The password of the page; None where the configuration names none.

    Raises:
        PasswordError: it is named, but cannot be read, or is too short.
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
    if len(password) < LEAST_PASSWORD:
        where = "password_file" if settings.password_file else "password_env"
        raise PasswordError(
            f"the password of dashboard.{where} has {len(password)} letters: it needs {LEAST_PASSWORD} or more, "
            "such as `openssl rand -base64 18` makes"
        )
    return password


class Doorkeeper:
    """Checks the password, slows guessing, and knows who came in; used by one event loop."""

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._password, self._clock = password.encode(), clock
        self._sessions: dict[str, float] = {}
        self._left: dict[str, asyncio.Event] = {}
        self._failures: dict[str, deque[float]] = {}

    def must_wait(self, stranger: str) -> bool:
        """Whether this address guessed wrongly too often in the last minute."""
        failures = self._failures.get(stranger, deque())
        return len(failures) == _TRIES and self._clock() - failures[0] < _TRIES_WITHIN_S

    def enter(self, stranger: str, password: str) -> str | None:
        """A new session's token, or None for a wrong password."""
        if not hmac.compare_digest(password.encode(), self._password):
            if len(self._failures) >= _MOST_STRANGERS:
                self._failures.clear()
            self._failures.setdefault(stranger, deque(maxlen=_TRIES)).append(self._clock())
            return None
        self._failures.pop(stranger, None)
        now_s = self._clock()
        self._sessions = {token: end_s for token, end_s in self._sessions.items() if end_s > now_s}
        while len(self._sessions) >= _MOST_SESSIONS:
            self.leave(next(iter(self._sessions)))
        token = secrets.token_urlsafe(32)
        self._sessions[token] = now_s + SESSION_S
        return token

    def knows(self, token: str | None) -> bool:
        """Whether the token is that of a session that goes on."""
        return token is not None and self._sessions.get(token, 0.0) > self._clock()

    def leave(self, token: str | None) -> None:
        """End a session."""
        self._sessions.pop(token or "", None)
        if left := self._left.pop(token or "", None):
            left.set()

    async def ended(self, token: str) -> None:
        """Wait until a session is over: left, or out of its time."""
        left = self._left.setdefault(token, asyncio.Event())
        try:
            await asyncio.wait_for(left.wait(), max(0.0, self._sessions.get(token, 0.0) - self._clock()))
        except asyncio.TimeoutError:
            self.leave(token)


def from_another_site(method: str, headers: Mapping[str, str], public_origin: str = "") -> bool:
    """Whether a request was made by a page of another site, as far as a browser tells.

    Args:
        method: The HTTP method; `WEBSOCKET` for the opening of one.
        headers: By lower-case name. Browsers send `Origin` with whatever can change something
            (https://fetch.spec.whatwg.org/#origin-header), so without it only reading is allowed.
        public_origin: Where a reverse proxy serves the page; `Host` may then be that of this machine.
    """
    origin = headers.get("origin")
    if origin is None:
        return method not in {"GET", "HEAD"}
    try:
        parts = urlsplit(origin)
    except ValueError:
        return True
    if public_origin and origin.lower() == public_origin:
        return False
    return parts.scheme not in {"http", "https"} or parts.netloc.lower() != headers.get("host", "").lower()
