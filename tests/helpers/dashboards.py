"""A dashboard as its own process, and what is asked of it over HTTP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPMessage
from pathlib import Path

from edge.config.delivery import StoreConfig
from edge.messages import Message
from edge.run_registry import started
from edge.store import Timeline

EMVAS = [sys.executable, "-c", "from edge.cli.main import main; main()"]


@contextmanager
def served(*words: str, **environment: str) -> Iterator[str]:
    """The address of `emvas dashboard WORDS`, which runs while `with` lasts."""
    process = subprocess.Popen(
        [*EMVAS, "dashboard", *words, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        found = re.search(r"http://[\d.]+:\d+", said)
        assert found, said + process.stdout.read()
        yield re.sub(r"//[\d.]+", "//127.0.0.1", found[0])
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=10)
    assert "Traceback" not in rest, rest
    assert process.returncode in (0, -signal.SIGTERM)


def write(path: Path, messages: list[Message], start_s: float) -> Path:
    """Add a recording that began at `start_s`."""
    timeline = Timeline(path, started("s", start_s), StoreConfig(keep_words=True))
    for message in messages:
        timeline.write(message)
    timeline.close()
    return path


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_opener = urllib.request.build_opener(_Stay)


def ask(url: str, data: bytes | None = None, **headers: str) -> tuple[int, HTTPMessage, str]:
    """Status, headers and text of the answer; redirections are not followed."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, names)
    try:
        with _opener.open(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()
