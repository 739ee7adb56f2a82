"""The small server of the health pages against those who hang on it."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.simple_server import make_server

import pytest

from edge import http_server
from edge.http_server import MOST_CONNECTIONS, SmallHandler, SmallServer


@contextlib.contextmanager
def server() -> Iterator[tuple[str, int]]:
    def page(environ: Any, start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/broken":
            raise RuntimeError("a fault of ours")
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"here\n"]

    with make_server("127.0.0.1", 0, page, SmallServer, SmallHandler) as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield "127.0.0.1", running.server_port
        running.shutdown()


def said(address: tuple[str, int], request: bytes) -> bytes:
    """All that the server says until it hangs up."""
    with socket.create_connection(address, timeout=10) as line, contextlib.suppress(ConnectionError):
        line.sendall(request)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    return answer


def test_a_page_is_served_and_head_is_told_its_length_only() -> None:
    with server() as address:
        whole = said(address, b"GET / HTTP/1.0\r\n\r\n")
        head = said(address, b"HEAD / HTTP/1.0\r\n\r\n")
    assert whole.startswith(b"HTTP/1.0 200 OK")
    assert whole.endswith(b"\r\n\r\nhere\n")
    assert b"Content-Length: 5\r\n" in head
    assert head.endswith(b"\r\n\r\n")


def test_three_hundred_connections_that_say_nothing_take_sixteen_threads_and_go_with_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_server, "REQUEST_S", 1.0)
    with server() as address:
        before = threading.active_count()
        silent = [socket.create_connection(address) for _ in range(300)]
        time.sleep(0.3)
        assert threading.active_count() - before <= MOST_CONNECTIONS
        time.sleep(1.5)
        assert threading.active_count() - before == 0
        assert said(address, b"GET / HTTP/1.0\r\n\r\n").endswith(b"here\n")
        for line in silent:
            line.close()


def test_a_byte_now_and_then_does_not_keep_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "REQUEST_S", 0.6)
    with server() as address, socket.create_connection(address) as line:
        began_s = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began_s < 5.0:
                line.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() - began_s < 2.0, "it was hung up on"


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"GET",
        b"\x16\x03\x01\x00\xa5",
        b"GET / HTTP/1.0\r\n" + b"A: b\r\n" * 200,
        b"G" * 70_000,
        b"GET / HTTP/9\r\n\r\n",
    ],
)
def test_no_visitor_leaves_a_traceback(
    request_: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    with server() as address:
        for _ in range(3):
            with socket.create_connection(address) as line:
                line.sendall(request_)
        time.sleep(0.2)
        assert said(address, b"GET / HTTP/1.0\r\n\r\n").endswith(b"here\n")
    assert "Traceback" not in "".join(capfd.readouterr())
    assert not caplog.records


def test_a_fault_of_a_page_is_an_error_in_the_log_and_not_in_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    with server() as address:
        answer = said(address, b"GET /broken HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 500")
    assert b"fault" not in answer
    assert "a fault of ours" in caplog.text
