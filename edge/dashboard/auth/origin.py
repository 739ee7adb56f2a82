"""The origin of a request: the page itself, another site, or a reverse proxy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import Scope

_PREFIX_HEADER = b"x-forwarded-prefix"
"""NiceGUI puts this path before every link and file. Only `dashboard.public_url` may set it."""
_PROXY_HEADERS = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Where browsers find the page (`dashboard.public_url`)."""

    origin: str = ""
    """Scheme, name and port, as browsers send it; empty without a proxy."""
    name: str = ""
    prefix: str = ""
    """Path of the page on the proxy, without a slash at its end."""

    @classmethod
    def of(cls, url: str | None) -> PublicAddress:
        """Read the configuration's address."""
        if url is None:
            return cls()
        parts = urlsplit(url)
        return cls(f"{parts.scheme}://{parts.netloc}".lower(), parts.hostname or "", parts.path.rstrip("/"))

    @property
    def is_https(self) -> bool:
        """Whether browsers use HTTPS."""
        return self.origin.startswith("https:")

    def inward(self, scope: Scope) -> Scope:
        """The request with its path below the prefix, whether the proxy removes the prefix or leaves it."""
        path, raw, prefix = scope["path"], scope.get("raw_path") or b"", self.prefix
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path, raw = path[len(prefix) :] or "/", raw[len(prefix) :] or b"/"
        headers = [(name, value) for name, value in scope["headers"] if name != _PREFIX_HEADER]
        if prefix:
            headers.append((_PREFIX_HEADER, prefix.encode()))
        return {**scope, "path": path, "raw_path": raw, "headers": headers}


DIRECT = PublicAddress()
"""Without a proxy."""


def came_through_a_proxy(names: Collection[str]) -> bool:
    """Whether the headers of a request say so."""
    return not _PROXY_HEADERS.isdisjoint(names)


def from_another_site(method: str, headers: Mapping[str, str], public_origin: str = "") -> bool:
    """Whether a page of another site made the request, as far as a browser says.

    Args:
        method: The HTTP method; `WEBSOCKET` for the opening of one.
        headers: By lower-case name. Browsers send `Origin` with every request that can change something
            (https://fetch.spec.whatwg.org/#origin-header). Without `Origin`, only reading is allowed.
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
