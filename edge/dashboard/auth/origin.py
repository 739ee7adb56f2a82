"""The page behind a reverse proxy: under another name, perhaps with HTTPS, perhaps below a path."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import Scope

_PREFIX_HEADER = b"x-forwarded-prefix"
"""Where NiceGUI looks for the path that is put before every link and file; nobody else may set it."""
_SIGNS = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
"""Headers that proxies add."""


@dataclass(frozen=True, slots=True)
class Public:
    """Where browsers find the page (`dashboard.public_url`)."""

    origin: str = ""
    """Scheme, name and port, as browsers send it; empty: they come directly."""
    name: str = ""
    prefix: str = ""
    """The path that the page lies below, without a slash at its end."""

    @classmethod
    def of(cls, url: str | None) -> Public:
        """Read the configuration's address."""
        if url is None:
            return cls()
        parts = urlsplit(url)
        return cls(f"{parts.scheme}://{parts.netloc}".lower(), parts.hostname or "", parts.path.rstrip("/"))

    @property
    def is_https(self) -> bool:
        """Whether browsers come with HTTPS."""
        return self.origin.startswith("https:")

    def inward(self, scope: Scope) -> Scope:
        """The request as the page wants it, whether the proxy takes the prefix off or leaves it."""
        path, raw, prefix = scope["path"], scope.get("raw_path") or b"", self.prefix
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path, raw = path[len(prefix) :] or "/", raw[len(prefix) :] or b"/"
        headers = [(name, value) for name, value in scope["headers"] if name != _PREFIX_HEADER]
        if prefix:
            headers.append((_PREFIX_HEADER, prefix.encode()))
        return {**scope, "path": path, "raw_path": raw, "headers": headers}


DIRECT = Public()
"""Without a proxy."""


def came_through_a_proxy(names: Collection[str]) -> bool:
    """Whether the headers of a request say so."""
    return not _SIGNS.isdisjoint(names)
