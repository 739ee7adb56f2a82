"""Taking secrets out of what is logged, reported and published: user names and passwords in URIs, and tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"

_LOGIN = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s'\"<>]*@", re.IGNORECASE)
"""Userinfo of a URI (RFC 3986, 3.2.1) up to the last `@` of the word: an `@` or `/` in a camera's password is no valid
URI but written all the same."""
_SECRET_WORD = (
    r"(?:password|passwd|passphrase|pass(?==)|pwd|secret|token|api_?key|access_?key|auth|authorization|credentials?"
    r"|signature|sig)"
)
_ASSIGNED = re.compile(
    rf"(?P<name>[\w-]*{_SECRET_WORD}['\"]?\s*[=:]\s*)(?P<quote>['\"]?)[^\s&'\",;]+(?P=quote)", re.IGNORECASE
)
_HEADER = re.compile(r"(?P<name>\b(?:Bearer|authorization['\"]?\s*[:=]\s*['\"]?\w+)\s+)[^\s'\"]+", re.IGNORECASE)
_SECRET_KEYS = frozenset({"username", "user", "password", "token", "secret", "key"})
_PATHS = ("_file", "_env")
"""Keys that name where a secret is kept, not the secret."""


def redacted(text: str) -> str:
    """`text` with the secrets in it replaced by `***`."""
    text = _LOGIN.sub(rf"\g<scheme>{MASK}@", text)
    text = _HEADER.sub(rf"\g<name>{MASK}", text)
    return _ASSIGNED.sub(rf"\g<name>\g<quote>{MASK}\g<quote>", text)


def said(error: Exception) -> str:
    """The error in one line, without a secret that it may quote."""
    return redacted(" ".join(f"{type(error).__name__}: {error}".split()))


def without_secrets(value: Any, name: str = "") -> Any:
    """Plain data (a configuration, a manifest) with every secret in it replaced by `***`."""
    if isinstance(value, Mapping):
        return {key: without_secrets(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_secrets(item, name) for item in value]
    if not isinstance(value, str):
        return value
    lower = name.lower()
    named = lower in _SECRET_KEYS or re.search(_SECRET_WORD, lower)
    return MASK if named and not lower.endswith(_PATHS) else redacted(value)
