"""The secrets that this box knows, so that none of them is in an archive, wherever it may have got into the text."""

from __future__ import annotations

import contextlib
import os
from urllib.parse import unquote

from edge.config import Config
from edge.publish.attempt import password_of
from edge.redact import MASK, redacted

_SHORTEST = 3
"""Shorter ones would tear holes into every word."""


def known_secrets(config: Config) -> list[str]:
    """Names and passwords in the camera's address and for the broker, the longest first."""
    found: set[str] = set()
    login, at, _ = (config.camera.uri or "").partition("://")[2].rpartition("@")
    if at:
        user, _, password = login.partition(":")
        found |= {login, user, password, unquote(user), unquote(password)}
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
