"""ASGI middleware before every request: origin check, login with a session cookie, and security headers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.dashboard.auth.sessions import POLICY_VIOLATION, SESSION_S, Sessions, close_with_session
from edge.dashboard.report import STYLE
from edge.i18n.texts import LANGUAGE_NAMES, LANGUAGES, Labels, Language, language_of

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
    """Whether a page of another site made the request, as far as the browser shows it.

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


LOGIN, LOGOUT = "/login", "/logout"
COOKIE = "emvas_session"
_FOREIGN = (
    "This request comes from another site and is not carried out. Behind a reverse proxy, its address stands in "
    "dashboard.public_url."
)
_PROXIED = (
    "This request came through a proxy, so others may reach this page: give it a password (dashboard.password_file) "
    "and its address (dashboard.public_url)."
)
_LARGEST_FORM_BYTES = 4096
_FORM_S = 10.0
"""Time limit for the whole form, however slowly it arrives."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""NiceGUI starts with an inline script and compiles Vue templates in the browser, which needs both `unsafe-` words.
Other sites are still out of reach, for loading and for sending. `Referrer-Policy: no-referrer` would make browsers
send `Origin: null` with the page's own forms."""


class AuthMiddleware:
    """Checks the origin and the session of every request; answers login and logout."""

    def __init__(self, app: ASGIApp, sessions: Sessions | None, secure: bool, public: PublicAddress = DIRECT) -> None:
        """`sessions` is None without a password; `secure`: the cookie is for HTTPS only."""
        self._app, self._sessions, self._public = app, sessions, public
        self._with_session = SessionMiddleware(
            self._check_session,
            secret_key=secrets.token_urlsafe(32),
            session_cookie=COOKIE,
            max_age=int(SESSION_S),
            path=public.prefix or "/",
            same_site="strict",
            https_only=secure or public.is_https,
        )
        """The cookie holds the id of the session; `Sessions` knows which ids are logged in, so that logout revokes."""
        self._login = Environment(
            loader=PackageLoader("edge.dashboard"), autoescape=True, undefined=StrictUndefined
        ).get_template("login.html.j2")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, answer it, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        scope = self._public.inward(scope)
        headers = Headers(scope=scope)
        if from_another_site(scope.get("method", "WEBSOCKET"), headers, self._public.origin):
            await _refuse(scope, receive, send, _FOREIGN)
        elif self._sessions is not None:
            await self._with_session(scope, receive, send)
        elif came_through_a_proxy(headers.keys()):
            await _refuse(scope, receive, send, _PROXIED)
        else:
            await self._app(scope, receive, _with_headers(send, scope["path"]))

    async def _check_session(self, scope: Scope, receive: Receive, send: Send) -> None:
        sessions, session = self._sessions, scope["session"].get("id")
        assert sessions is not None
        send_safely = _with_headers(send, scope["path"])
        if scope["path"] == LOGIN or not sessions.is_valid(session):
            if scope["type"] == "websocket":
                await _refuse(scope, receive, send, "Log in first.")
            else:
                answer = await self._ask_to_log_in(Request(scope, receive), sessions)
                await answer(scope, receive, send_safely)
        elif scope["type"] == "websocket":
            await close_with_session(self._app, scope, receive, send, sessions.wait_for_end(session))
        elif scope["path"] == LOGOUT and scope["method"] == "POST":
            sessions.log_out(session)
            scope["session"].clear()
            await RedirectResponse(self._public.prefix + LOGIN, status_code=303)(scope, receive, send_safely)
        else:
            await self._app(scope, receive, send_safely)

    async def _ask_to_log_in(self, request: Request, sessions: Sessions) -> Response:
        """The login form, its result, or the redirection to it."""
        wanted = request.query_params.get("next", "/")
        if not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
            wanted = "/"
        if request.url.path != LOGIN:
            if "text/html" not in request.headers.get("accept", "") or request.method != "GET":
                return PlainTextResponse("Log in first.", 401)
            there = f"{self._public.prefix}{LOGIN}?next={quote(request.url.path)}"
            return RedirectResponse(there, status_code=303)
        if request.method != "POST":
            return self._form(request, wanted, None, 200)
        client = request.client.host if request.client else ""
        password = await _password(request)
        if sessions.is_blocked(client):  # after the form is read: many forms may arrive together
            return self._form(request, wanted, "login_wait", 429)
        session = sessions.log_in(client, password)
        if session is None:
            return self._form(request, wanted, "login_wrong", 403)
        request.session["id"] = session
        return RedirectResponse(self._public.prefix + wanted, status_code=303)

    def _form(self, request: Request, wanted: str, fault: str | None, status: int) -> Response:
        language: Language = next(
            (found for found in LANGUAGES if wanted.split("/")[1] == found),
            language_of(request.headers.get("accept-language", "")),
        )
        labels = Labels(language)
        page = self._login.render(
            t=labels,
            lang=language,
            name=LANGUAGE_NAMES[language],
            style=STYLE.read_text(encoding="utf-8"),
            action=f"{self._public.prefix}{LOGIN}?next={quote(wanted)}",
            fault=labels(fault) if fault else None,
        )
        return HTMLResponse(page, status)


async def _password(request: Request) -> str:
    try:
        body = await asyncio.wait_for(_form_of(request), _FORM_S)
    except asyncio.TimeoutError:
        return ""
    return parse_qs(body.decode("utf-8", "replace")).get("password", [""])[0]


async def _form_of(request: Request) -> bytes:
    """The body; empty if it is too long for a form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM_BYTES:
            return b""
    return body


async def _refuse(scope: Scope, receive: Receive, send: Send, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": sentence})
    else:
        await PlainTextResponse(sentence, 403)(scope, receive, _with_headers(send, scope["path"]))


def _with_headers(send: Send, path: str) -> Send:
    """Adds `HEADERS` where a page sets none of its own; only files of NiceGUI may be cached, pages about people not."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if not path.startswith("/_nicegui/"):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return sent
