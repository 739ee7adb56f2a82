from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.delivery import DashboardConfig
from edge.dashboard.auth.middleware import from_another_site
from edge.dashboard.auth.sessions import SESSION_S, PasswordError, Sessions, read_password

PASSWORD = "correct horse battery"


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_right_password_opens_a_session_that_ends() -> None:
    clock = Clock()
    sessions = Sessions(PASSWORD, clock)
    assert sessions.log_in("a", "wrong") is None
    token = sessions.log_in("a", PASSWORD)
    assert token is not None
    assert sessions.is_valid(token)
    assert not sessions.is_valid(token + "x")
    assert not sessions.is_valid(None)
    clock.now_s = SESSION_S
    assert not sessions.is_valid(token)


def test_who_leaves_must_come_in_again() -> None:
    sessions = Sessions(PASSWORD)
    token = sessions.log_in("a", PASSWORD)
    sessions.log_out(token)
    assert not sessions.is_valid(token)


def test_guessing_is_slowed_for_the_guesser_alone_and_for_a_minute() -> None:
    clock = Clock()
    sessions = Sessions(PASSWORD, clock)
    for _ in range(5):
        assert not sessions.is_blocked("a")
        sessions.log_in("a", "wrong")
    assert sessions.is_blocked("a")
    assert not sessions.is_blocked("b")
    clock.now_s = 61.0
    assert not sessions.is_blocked("a")


def test_a_password_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    assert read_password(DashboardConfig(password_file=str(file))) == PASSWORD
    monkeypatch.setenv("DASH", PASSWORD)
    assert read_password(DashboardConfig(password_env="DASH")) == PASSWORD
    assert read_password(DashboardConfig()) is None


def test_a_password_that_is_missing_or_short_is_told(tmp_path: Path) -> None:
    with pytest.raises(PasswordError, match="cannot be read"):
        read_password(DashboardConfig(password_file=str(tmp_path / "none")))
    (tmp_path / "short").write_text("secret")
    with pytest.raises(PasswordError, match="12 or more"):
        read_password(DashboardConfig(password_file=str(tmp_path / "short")))
    with pytest.raises(PasswordError, match="password_env"):
        read_password(DashboardConfig(password_env="EMVAS_NOT_SET_ANYWHERE"))


@pytest.mark.parametrize(
    ("method", "origin", "foreign"),
    [
        ("GET", None, False),
        ("POST", None, True),
        ("WEBSOCKET", None, True),
        ("GET", "http://evil.example", True),
        ("POST", "http://box.local:8080", False),
        ("WEBSOCKET", "http://BOX.local:8080", False),
        ("WEBSOCKET", "http://box.local:8081", True),
        ("POST", "null", True),
        ("POST", "file://", True),
        ("POST", "http://box.local:8080.evil.example", True),
    ],
)
def test_only_the_page_itself_may_change_something(method: str, origin: str | None, foreign: bool) -> None:
    headers = {"host": "box.local:8080"} | ({"origin": origin} if origin is not None else {})
    assert from_another_site(method, headers) is foreign


@given(st.text(max_size=40), st.sampled_from(["GET", "POST", "WEBSOCKET"]))
def test_no_origin_but_the_own_one_is_let_in(origin: str, method: str) -> None:
    foreign = from_another_site(method, {"host": "box:80", "origin": origin})
    assert foreign or origin.lower().split("://")[1:] == ["box:80"]
