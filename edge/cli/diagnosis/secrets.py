"""The secrets that this box knows, so that none of them is in an archive, wherever it may have got into the text."""

from __future__ import annotations

import contextlib
import os
from urllib.parse import parse_qsl, unquote

from edge.config import Config
from edge.publish.mqtt.connection import password_of
from edge.redact import MASK, redacted

_SHORTEST = 3
"""Shorter ones would tear holes into every word."""
_SHORTEST_IN_QUERY = 6
"""Not every value of a query is a secret: `main` and `640` are words of their own."""


def known_secrets(config: Config) -> list[str]:
    """Names, passwords and the query in the camera's address and those for the broker, the longest first."""
    found: set[str] = set()
    login, at, place = (config.camera.uri or "").partition("://")[2].rpartition("@")
    if at:
        user, _, password = login.partition(":")
        found |= {login, user, password}
    found |= {value for _, value in parse_qsl(place.partition("?")[2]) if len(value) >= _SHORTEST_IN_QUERY}
    found |= {unquote(secret) for secret in found}
    if config.mqtt is not None:
        found.add(config.mqtt.username or "")
        with contextlib.suppress(OSError):  # a password that is not there is nowhere
            found.add(password_of(config.mqtt) or "")
    found |= {value for name, value in os.environ.items() if redacted(f"{name}=x") != f"{name}=x"}
    return sorted((secret for secret in found if len(secret) >= _SHORTEST), key=len, reverse=True)


def cleaned(text: str, secrets: list[str]) -> str:
    """`text` without known secrets and without what looks like one."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return redacted(text)
