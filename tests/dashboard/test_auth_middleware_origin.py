"""The page behind a reverse proxy: its names, its path, its cookie, and nothing that a visitor could pretend."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from edge.config.delivery import DashboardConfig
from edge.dashboard.access import DashboardError, listen
from edge.dashboard.auth.middleware import DIRECT, AuthMiddleware, PublicAddress
from edge.dashboard.auth.sessions import Sessions

PASSWORD = "correct horse battery"
CAB = "https://bus.example/cab"
ORIGIN = {"Origin": "https://bus.example"}


async def page(scope: Any, receive: Any, send: Any) -> None:
    """Says under which path and prefix it was asked."""
    headers = dict(scope["headers"])
    said = f"{scope['path']} {headers.get(b'x-forwarded-prefix', b'').decode()}"
    await PlainTextResponse(said)(scope, receive, send)


def door(public_url: str | None, password: str | None = PASSWORD) -> TestClient:
    sessions = Sessions(password) if password else None
    gate = AuthMiddleware(page, sessions, False, PublicAddress.of(public_url))
    return TestClient(gate, base_url="http://127.0.0.1:8080", follow_redirects=False)


@pytest.mark.parametrize("at", ["", "/cab"], ids=["prefix taken off", "prefix left"])
def test_below_a_path_everything_leads_below_it(at: str) -> None:
    visitor = door(CAB)
    led = visitor.get(f"{at}/en/box", headers={"Accept": "text/html"})
    assert (led.status_code, led.headers["location"]) == (303, "/cab/login?next=/en/box")
    form = visitor.get(f"{at}/login?next=/en/box")
    assert 'action="/cab/login?next=/en/box"' in form.text
    entered = visitor.post(f"{at}/login?next=/en/box", data={"password": PASSWORD}, headers=ORIGIN)
    assert (entered.status_code, entered.headers["location"]) == (303, "/cab/en/box")
    cookie = entered.headers["set-cookie"].lower()
    assert "secure" in cookie
    assert "path=/cab;" in cookie
    token = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
    shown = visitor.get(f"{at}/en/box", headers={**token, "X-Forwarded-Prefix": "/evil"})
    assert shown.text == "/en/box /cab", "and the visitor's own prefix is not believed"
    left = visitor.post(f"{at}/logout", headers={**token, **ORIGIN})
    assert left.headers["location"] == "/cab/login"
    assert "path=/cab" in left.headers["set-cookie"].lower()
    assert visitor.get(f"{at}/en/box", headers=token).status_code == 401


def test_without_a_proxy_no_prefix_is_believed_and_the_cookie_is_for_http() -> None:
    visitor = door(None)
    entered = visitor.post("/login", data={"password": PASSWORD}, headers={"Origin": "http://127.0.0.1:8080"})
    assert entered.status_code == 303
    assert "secure" not in entered.headers["set-cookie"].lower()
    token = {"Cookie": entered.headers["set-cookie"].split(";")[0], "X-Forwarded-Prefix": "/evil"}
    assert visitor.get("/en", headers=token).text == "/en "


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://bus.example", 303),
        ("HTTPS://BUS.example", 303),
        ("http://127.0.0.1:8080", 303),
        ("http://bus.example", 403),
        ("https://bus.example.evil", 403),
        ("https://evil.example", 403),
    ],
)
def test_the_public_name_is_no_other_site_though_the_proxy_does_not_pass_it_on(origin: str, status: int) -> None:
    entered = door(CAB).post("/login", data={"password": PASSWORD}, headers={"Origin": origin})
    assert entered.status_code == status


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_without_a_password_nobody_comes_through_a_proxy(header: str) -> None:
    assert door(None, None).get("/en").status_code == 200
    refused = door(None, None).get("/en", headers={header: "10.0.0.7"})
    assert refused.status_code == 403
    assert "dashboard.public_url" in refused.text


def test_a_public_address_wants_a_password() -> None:
    with pytest.raises(DashboardError, match="wants a password"):
        listen("127.0.0.1", 0, None, CAB)


@pytest.mark.parametrize(
    "url", ["bus.example", "ftp://bus", "https://u:p@bus/", "https://bus/?a", 'https://bus/"x', "https://"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        DashboardConfig(public_url=url)


def test_addresses_are_read() -> None:
    assert PublicAddress.of(None) == DIRECT
    assert PublicAddress.of("https://Bus.example:8443/a/b/") == PublicAddress(
        "https://bus.example:8443", "bus.example", "/a/b"
    )
    assert DashboardConfig(public_url="http://[::1]:8080").public_url == "http://[::1]:8080"
