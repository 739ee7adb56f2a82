"""The door itself, without a server: guesses that come together, forms that drip."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from edge.dashboard.auth import middleware
from edge.dashboard.auth.middleware import AuthMiddleware
from edge.dashboard.auth.sessions import Sessions

PASSWORD = "correct horse battery"
ORIGIN = {"Origin": "http://box"}


async def nothing(*_: Any) -> None: ...


def scope() -> dict[str, Any]:
    return {
        "type": "http", "method": "POST", "path": "/login", "raw_path": b"/login", "query_string": b"",
        "scheme": "http",
        "server": ("127.0.0.1", 1), "headers": [(b"host", b"box"), (b"origin", b"http://box")],
        "client": ("10.0.0.9", 1), "root_path": "",
    }  # fmt: skip


async def post(door: AuthMiddleware, receive: Any) -> int:
    """The status of the answer."""
    codes: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            codes.append(message["status"])

    await door(scope(), receive, send)
    return codes[0]


def form(password: str) -> dict[str, Any]:
    return {"type": "http.request", "body": f"password={password}".encode(), "more_body": False}


def test_guesses_whose_forms_come_together_are_as_few_as_others() -> None:
    async def attack() -> Counter[int]:
        door, together = AuthMiddleware(nothing, Sessions(PASSWORD), False), asyncio.Event()

        async def guess(number: int) -> int:
            async def receive() -> dict[str, Any]:
                await together.wait()
                return form(f"guess{number}")

            return await post(door, receive)

        guesses = [asyncio.create_task(guess(number)) for number in range(200)]
        await asyncio.sleep(0.1)
        together.set()
        return Counter(await asyncio.gather(*guesses))

    assert asyncio.run(attack()) == {403: 5, 429: 195}


def test_a_form_that_drips_is_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "_FORM_S", 0.2)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"a", "more_body": True}

    assert asyncio.run(post(AuthMiddleware(nothing, Sessions(PASSWORD), False), receive)) == 403


def test_a_copied_cookie_is_worthless_after_logout_and_a_forged_one_always() -> None:
    browser = TestClient(AuthMiddleware(PlainTextResponse("page"), Sessions(PASSWORD), False), base_url="http://box")
    entered = browser.post("/login?next=/en", data={"password": PASSWORD}, headers=ORIGIN, follow_redirects=False)
    copied = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
    assert browser.get("/en").text == "page"
    thief = TestClient(browser.app, base_url="http://box")
    assert thief.get("/en", headers=copied).status_code == 200
    assert browser.post("/logout", headers=ORIGIN, follow_redirects=False).status_code == 303
    assert browser.get("/en").status_code == 401
    assert thief.get("/en", headers=copied).status_code == 401
    for forged in ("", "null", f"{copied['Cookie'].partition('=')[2]}x", "eyJpZCI6ICJ4In0=.a.b"):
        assert thief.get("/en", headers={"Cookie": f"emvas_session={forged}"}).status_code == 401
