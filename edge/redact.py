"""Removes secrets from logs, reports and messages: logins and queries of URIs, tokens, headers, keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edge.i18n.texts import Sentence

MASK = "***"

_LOGIN = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]{0,30}://)"
    r"(?:[^/@\r\n]{0,64}:(?!\d{1,5}(?:[/?#'\")\],;]|$))(?:(?!://)[^\r\n]){0,128}@(?=[\w\[])|[^\s'\"<>]{0,512}@)",
    re.IGNORECASE | re.MULTILINE,
)
"""Userinfo of a URI (RFC 3986, 3.2.1) up to the last `@`: an `@`, `/`, blank or quote in a password is no valid URI
but written all the same. After `user:`, where no port follows, that of the line, else that of the word."""
_QUERY = re.compile(r"\?(?=[\w.%~-]+=)[^\s'\"<>]*")
"""What follows the path of an address: cameras take passwords under any name (`loginpas`, `pwd`, `session`)."""
_SECRET_WORD = (
    r"(?:password|passwd|passphrase|pass?(?==)|pwd|secret|token|api_?key|access_?key|auth|authorization|credentials?"
    r"|signature|sig|loginpass?)"
)
_VALUE = r"(?:\"(?:[^\"\\\r\n]|\\.)*\"|'(?:[^'\\\r\n]|\\.)*'|[^\s&'\",;]+)"
_ASSIGNED = re.compile(rf"(?P<name>{_SECRET_WORD}['\"]?\s*[=:]\s*){_VALUE}", re.IGNORECASE)
_LINE = re.compile(rf"^(?P<name>[ \t]*[\w-]*{_SECRET_WORD}:[ \t]+)(?!['\"])[^\r\n]+", re.IGNORECASE | re.MULTILINE)
"""A line of YAML; its value may contain blanks."""
_HEADER = re.compile(
    r"(?P<name>\b(?:Bearer\s|(?:proxy-)?authorization['\"]?\s*[:=]|(?:set-)?cookie2?['\"]?\s*:))[^\r\n]+",
    re.IGNORECASE,
)
"""Of HTTP, to the end of the line: a digest has several values, and so has a cookie."""
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
_SECRET_KEYS = frozenset({"username", "user", "password", "token", "secret", "key"})
_PATHS = ("_file", "_env")
"""Suffixes of keys that name the place of a secret, not the secret."""


def redacted(text: str) -> str:
    """`text` with its secrets replaced by `***`; addresses keep scheme, host and path."""
    if isinstance(text, Sentence):
        return text.mapped(redacted)
    text = _PEM.sub(MASK, text)
    text = _LOGIN.sub(rf"\g<scheme>{MASK}@", text)
    text = _QUERY.sub(f"?{MASK}", text)
    for pattern in (_HEADER, _LINE, _ASSIGNED):
        text = pattern.sub(rf"\g<name>{MASK}", text)
    return text


def address(text: str) -> str:
    """Scheme, host and path of a network address; a plain path is returned unchanged."""
    found = re.match(r"[a-z0-9+.-]*://", text, re.IGNORECASE)
    scheme = found.group() if found else ""
    return scheme + re.split(r"[?#]", text[len(scheme) :].rpartition("@")[2], maxsplit=1)[0]


def error_line(error: Exception) -> str:
    """The error in one line without secrets."""
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
