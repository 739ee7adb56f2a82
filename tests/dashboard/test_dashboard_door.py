"""The page on an address that others reach, for a classroom: password, forged origins, and what it must not show."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from browser import Page
from click.testing import CliRunner
from dashboards import ask, served, write
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from edge.cli.main import main
from edge.messages import Alert, Group, Level, Message, Source, Summary

PASSWORD = "a long enough password"


def lesson() -> list[Message]:
    """What a classroom's timeline may hold."""
    windows: list[Message] = [
        Group(10.0 * n, 10.0 * n - 10, 10.0 * n, 7, 0.2857, 0.3, 0.12, -38.0) for n in range(1, 31)
    ]
    shouting = Alert(205.0, "c1", "new", "distress", Level.WARNING, 200.0, 5.0, {"level_db": -12.0})
    return [
        *windows,
        Source(1.0, "asr", "absent", "speech.transcribe is false"),
        shouting,
        Summary(300.0, 0.0, 300.0, {}, None, None, {"distress": 1}, 0.9, 0.9, {"negative_share": 0.28}),
    ]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("classroom")
    (folder / "password").write_text(PASSWORD)
    dashboard = {"host": "0.0.0.0", "password_file": str(folder / "password")}
    content = {"purpose": "classroom-wellbeing", "fatigue": {"enabled": False}, "dashboard": dashboard}
    content["speech"] = {"transcribe": False}
    (folder / "box.yaml").write_text(yaml.safe_dump(content))
    write(folder / "timeline.db", lesson(), time.time() - 290)
    with served("--config", str(folder / "box.yaml"), "--state", str(folder)) as found:
        yield found


def enter(address: str, password: str = PASSWORD, **headers: str) -> tuple[int, str]:
    """Status and cookie."""
    headers.setdefault("Origin", address)
    status, answer, _ = ask(f"{address}/login?next=/en", f"password={quote(password)}".encode(), **headers)
    return status, (answer["Set-Cookie"] or "").split(";")[0]


def test_nothing_is_shown_without_the_password(address: str) -> None:
    status, headers, body = ask(f"{address}/en", Accept="text/html")
    assert (status, headers["Location"], body) == (303, "/login?next=/en", "")
    for path in ("/en/timeline", "/zh/box", "/_nicegui_ws/socket.io/?EIO=4&transport=polling", "/"):
        assert ask(f"{address}{path}")[0] == 401
    status, headers, form = ask(f"{address}/login?next=/zh", Accept="text/html")
    assert status == 200
    assert "密码" in form
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_cookie_is_for_this_site_and_no_script(address: str) -> None:
    status, headers, _ = ask(f"{address}/login?next=/en", f"password={quote(PASSWORD)}".encode(), Origin=address)
    assert (status, headers["Location"]) == (303, "/en")
    cookie = headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("wanted", ["//evil.example/x", "https://evil.example", "/\\evil.example"])
def test_nobody_is_led_elsewhere_after_the_password(address: str, wanted: str) -> None:
    body = f"password={quote(PASSWORD)}".encode()
    assert ask(f"{address}/login?next={quote(wanted)}", body, Origin=address)[1]["Location"] == "/"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_another_site_can_neither_log_in_nor_out_nor_open_a_socket(address: str, origin: str) -> None:
    _, cookie = enter(address)
    assert enter(address, Origin=origin) == (403, "")
    assert ask(f"{address}/logout", b"", Origin=origin, Cookie=cookie)[0] == 403
    socket = f"{address.replace('http', 'ws')}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    for headers in ({"Origin": origin, "Cookie": cookie}, {"Cookie": cookie}, {"Origin": address}):
        with pytest.raises(InvalidStatus) as refused, connect(socket, additional_headers=headers):
            pass
        assert refused.value.response.status_code == 403
    with connect(socket, additional_headers={"Origin": address, "Cookie": cookie}) as opened:
        assert str(opened.recv(timeout=5)).startswith("0{"), "the page's own socket opens"


def test_an_open_socket_ends_with_its_session_and_with_no_other(address: str) -> None:
    (_, ours), (_, theirs) = enter(address), enter(address)
    socket = f"{address.replace('http', 'ws')}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with (
        connect(socket, additional_headers={"Origin": address, "Cookie": ours}) as left,
        connect(socket, additional_headers={"Origin": address, "Cookie": theirs}) as stays,
    ):
        for opened in (left, stays):
            assert str(opened.recv(timeout=5)).startswith("0{")
        assert ask(f"{address}/logout", b"", Origin=address, Cookie=ours)[0] == 303
        with pytest.raises(ConnectionClosed) as ended:
            left.recv(timeout=5)
        assert ended.value.rcvd is not None
        assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (1008, "The session is over.")
        stays.send("40")
        assert str(stays.recv(timeout=5)).startswith("40")


def test_a_class_is_shown_as_a_group_and_nobody_in_it(address: str, tab: Page, shots: Path) -> None:
    tab.open(f"{address}/en")
    tab.wait_for("Password")
    tab.run(f"document.querySelector('#password').value = '{PASSWORD}'; document.querySelector('form').submit()")
    text = tab.wait_for("Group", "29 %", "-38", "voices in distress")
    assert "PERCLOS" not in text
    assert "person" not in text
    tab.picture(shots / "live-classroom-en.png")
    tab.open(f"{address}/en/timeline")
    text = tab.wait_for("Negative faces", "Noise, dBFS", "Affect: not recorded", "Fatigue levels: not recorded")
    assert "PERCLOS" not in text
    tab.picture(shots / "timeline-classroom-en.png")
    tab.open(f"{address}/zh/frequencies")
    tab.wait_for("情绪占比：用途“课堂健康”不记录此项", "痛苦的声音")
    tab.run("document.querySelector('form[action=\"/logout\"]').requestSubmit()")
    tab.wait_for("Password")
    assert tab.errors == []


def test_guessing_is_slowed(address: str) -> None:
    statuses = [enter(address, "wrong")[0] for _ in range(6)]
    assert statuses == [403] * 5 + [429]
    assert enter(address)[0] == 429, "even with the right one, for a minute"


def refused(*words: str) -> str:
    result = CliRunner().invoke(main, ["dashboard", *words])
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "box.local", "::"])
def test_any_address_but_this_machine_wants_a_password(tmp_path: Path, host: str) -> None:
    (tmp_path / "box.yaml").write_text(f"purpose: driver-safety\ndashboard: {{host: '{host}'}}\n")
    assert "wants a password" in refused("--config", str(tmp_path / "box.yaml"))


def test_a_password_in_the_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "box.yaml").write_text("purpose: driver-safety\ndashboard: {password: geheim}\n")
    assert "password_file" in refused("--config", str(tmp_path / "box.yaml"))
