"""Connections to the page that say nothing, drip, or are too many."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from dashboards import ask
from mqtt_helpers import until

from edge.dashboard import access
from edge.dashboard.access import TimedConnection


@contextlib.contextmanager
def page() -> Iterator[int]:
    """A server with one page, which takes 0.5 s where its path says so."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            await asyncio.sleep(0.5)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    server = uvicorn.Server(uvicorn.Config(app, http=TimedConnection, lifespan="off", log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(5)


def lasted_s(line: socket.socket, drip: bytes = b"") -> float:
    """How long the server keeps a connection, on which a byte comes now and then."""
    began_s = time.monotonic()
    line.settimeout(0.1)
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - began_s < 5.0:
            with contextlib.suppress(TimeoutError):
                if drip:
                    line.sendall(drip)
                if line.recv(100) == b"":
                    break
    return time.monotonic() - began_s


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"", b""),
        (b"", b"G"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b""),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"G"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n", b"a"),
    ],
    ids=["silent", "dripping head", "idle afterwards", "dripping second head", "dripping body"],
)
def test_who_is_slow_is_hung_up_on(first: bytes, drip: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "HEAD_S", 0.8)
    with page() as port, socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(first)
        assert 0.5 < lasted_s(line, drip) < 2.5


def test_an_answer_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "HEAD_S", 0.2)
    with page() as port:
        assert ask(f"http://127.0.0.1:{port}/slow")[0] == 200
        monkeypatch.setattr(access, "ANSWER_S", 0.1)
        with pytest.raises(OSError, match=r"closed|reset"):
            ask(f"http://127.0.0.1:{port}/slow")


def test_those_who_wait_without_a_word_keep_nobody_out() -> None:
    with page() as port:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
        time.sleep(0.3)
        assert ask(f"http://127.0.0.1:{port}/")[0] == 200
        for line in silent:
            line.close()
