"""What stands before every request: its origin, the password, and the headers that bind the browser."""

from __future__ import annotations

import asyncio
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.dashboard.auth.origin import DIRECT, Public, came_through_a_proxy
from edge.dashboard.auth.sessions import COOKIE, SESSION_S, Doorkeeper, from_another_site
from edge.dashboard.report import STYLE
from edge.dashboard.sockets import POLICY_VIOLATION, while_it_lasts
from edge.i18n.catalogue import LANGUAGE_NAMES, LANGUAGES, Language
from edge.i18n.labels import Labels, language_of

LOGIN, LOGOUT = "/login", "/logout"
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
"""For the whole form, however slowly it drips."""

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
"""NiceGUI starts by an inline script and compiles Vue templates in the browser, which needs both `unsafe-` words;
nothing may be loaded from or sent to any other place all the same. `Referrer-Policy: no-referrer` would make browsers
send `Origin: null` with the page's own forms."""


class Gate:
    """ASGI middleware around the whole page."""

    def __init__(self, app: ASGIApp, keeper: Doorkeeper | None, secure: bool, public: Public = DIRECT) -> None:
        """`keeper` is None where no password is asked for; `secure`: cookies are for HTTPS only."""
        self._app, self._keeper, self._secure, self._public = app, keeper, secure or public.is_https, public
        self._login = Environment(
            loader=PackageLoader("edge.dashboard"), autoescape=True, undefined=StrictUndefined
        ).get_template("login.html.j2")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, answer or refuse."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        scope = self._public.inward(scope)
        headers = Headers(scope=scope)
        method = scope.get("method", "WEBSOCKET")
        if from_another_site(method, headers, self._public.origin):
            await _refuse(scope, receive, send, _FOREIGN)
        elif self._keeper is None and came_through_a_proxy(headers.keys()):
            await _refuse(scope, receive, send, _PROXIED)
        elif self._keeper is None or (scope["path"] != LOGIN and self._keeper.knows(_token(headers))):
            await self._enter(scope, receive, send)
        elif scope["type"] == "websocket":
            await _refuse(scope, receive, send, "Log in first.")
        else:
            answer = await self._at_the_door(Request(scope, receive), self._keeper)
            await answer(scope, receive, _with_headers(send, scope["path"]))

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._keeper is not None and scope["path"] == LOGOUT and scope.get("method") == "POST":
            self._keeper.leave(_token(Headers(scope=scope)))
            gone = RedirectResponse(self._public.prefix + LOGIN, status_code=303)
            gone.delete_cookie(COOKIE, path=self._public.prefix or "/")
            await gone(scope, receive, send)
            return
        token = _token(Headers(scope=scope))
        if scope["type"] == "websocket" and self._keeper is not None and token is not None:
            await while_it_lasts(self._app, scope, receive, send, self._keeper.ended(token))
        else:
            await self._app(scope, receive, _with_headers(send, scope["path"]))

    async def _at_the_door(self, request: Request, keeper: Doorkeeper) -> Response:
        """The form, what came of it, or the way to it."""
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
        stranger = request.client.host if request.client else ""
        password = await _password(request)
        if keeper.must_wait(stranger):  # asked when the guess is here, not before: many may come together
            return self._form(request, wanted, "login_wait", 429)
        token = keeper.enter(stranger, password)
        if token is None:
            return self._form(request, wanted, "login_wrong", 403)
        entered = RedirectResponse(self._public.prefix + wanted, status_code=303)
        path = self._public.prefix or "/"
        entered.set_cookie(
            COOKIE, token, max_age=int(SESSION_S), httponly=True, samesite="strict", secure=self._secure, path=path
        )
        return entered

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
    """Its body, empty where it is too long for a form."""
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


def _token(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _with_headers(send: Send, path: str) -> Send:
    """Adds `HEADERS`; what NiceGUI ships may be cached, what people did or said may not."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            if not path.startswith("/_nicegui/"):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return sent
