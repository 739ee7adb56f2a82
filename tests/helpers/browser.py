"""A real headless Chromium, driven over its DevTools protocol, and what its pages ask the network for."""

from __future__ import annotations

import base64
import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from websockets.sync.client import ClientConnection, connect

_FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-port=0 --window-size=1200,1500
--hide-scrollbars"""
"""Without scrollbars: a picture of the whole page has none, and the page must not get wider while it is taken."""
_START_S = 20.0
_WAIT_S = 15.0
_URL = re.compile(r"https?://[^\s\"'`<>\\)]+")
_OWN = {"127.0.0.1", "localhost"}
_NAMESPACES = {"www.w3.org"}
"""Names of XML languages, which nobody fetches."""


class Page:
    """One tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self.asked: set[str] = set()
        """Every address that the page asked for, or opened a socket to."""
        self.errors: list[str] = []
        """What its scripts threw."""
        self._connection = connection
        self._number = 0
        self._screen: tuple[int, int] | None = None
        for domain in ("Page", "Network", "Runtime"):
            self._call(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Go there."""
        self._call("Page.navigate", url=url)

    def wait_for(self, *words: str) -> str:
        """The text that a person can read, once it holds all `words`."""
        until_s = time.monotonic() + _WAIT_S
        while not all(word in (found := str(self.run("document.body?.innerText"))) for word in words):
            assert time.monotonic() < until_s, ([word for word in words if word not in found], found)
            time.sleep(0.1)
        return found

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, that of a promise once it is kept."""
        found = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"].get("exception", {}).get("description")
        return found["result"].get("value")

    def wait_until(self, script: str) -> None:
        """Wait until a JavaScript expression is true."""
        until_s = time.monotonic() + _WAIT_S
        while not self.run(script):
            assert time.monotonic() < until_s, script
            time.sleep(0.1)

    def prefer(self, scheme: str) -> None:
        """Pretend that the system is `dark` or `light`."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screen(self, width_px: int, height_px: int) -> None:
        """Pretend to be a screen of this size; below 500 px a phone."""
        self._screen = width_px, height_px
        self._emulate(width_px, height_px)

    def _emulate(self, width_px: int, height_px: int) -> None:
        phone = width_px < 500
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width_px, height=height_px, deviceScaleFactor=1, mobile=phone
        )

    def trust_any_certificate(self) -> None:
        """As somebody who has accepted the warning about a certificate that signs itself."""
        self._call("Security.setIgnoreCertificateErrors", ignore=True)

    def press(self, key: str) -> None:
        """Press and release a key, `Tab` or `Enter`."""
        text = {"text": "\r"} if key == "Enter" else {}
        code = {"Tab": 9, "Enter": 13}[key]
        for type_ in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=type_, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def write(self, text: str) -> None:
        """Type into the field that has the focus."""
        self._call("Input.insertText", text=text)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=text[-1])

    def forget(self) -> None:
        """Begin anew: cookies, stored choices, what was asked and what went wrong."""
        self._call("Network.clearBrowserCookies")
        self.run("try { localStorage.clear() } catch { }")
        self.asked.clear()
        self.errors.clear()

    def picture(self, path: Path, size_px: tuple[int, int] | None = None) -> None:
        """Save the page as PNG, whole or its first `size_px` (width, height).

        The screen grows to the height of the page beforehand. A capture beyond the viewport would give the page a width
        of 0 for a moment, at which its charts shrink.
        """
        whole = self._call("Page.getLayoutMetrics")["cssContentSize"]
        width, height = self._screen or self.run("[innerWidth, innerHeight]")
        shown_px = size_px or (width, max(height, math.ceil(whole["height"])))
        self._emulate(*shown_px)
        self.run("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        found = self._call("Page.captureScreenshot")
        path.write_bytes(base64.b64decode(found["data"]))
        if self._screen:
            self._emulate(*self._screen)
        else:
            self._call("Emulation.clearDeviceMetricsOverride")

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=_WAIT_S))
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self._note(answer["method"], answer["params"])

    def _note(self, event: str, parameters: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.asked.add(parameters["request"]["url"])
        elif event == "Network.webSocketCreated":
            self.asked.add(parameters["url"])
        elif event == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(parameters["exceptionDetails"])[:500])


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """An empty tab for as long as `with` lasts; skips where there is no Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium: install the package chromium to test pages in a browser")
    command = [chromium, *_FLAGS.split(), f"--user-data-dir={folder / 'profile'}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = _debugger(folder / "profile" / "DevToolsActivePort")
        with connect(address, max_size=None, ping_interval=None) as connection:
            yield Page(connection)
    finally:
        process.terminate()
        process.wait(10)


def _debugger(announced: Path) -> str:
    """The socket of the first tab; Chromium writes its port to a file once it listens."""
    until_s = time.monotonic() + _START_S
    while not (announced.is_file() and announced.read_text().count("\n")):
        assert time.monotonic() < until_s, "chromium does not start"
        time.sleep(0.05)
    port = announced.read_text().split("\n")[0]
    with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=_WAIT_S) as answer:
        tabs = json.load(answer)
    return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))


def faults(tab: Page) -> list[str]:
    """What axe-core holds to be a serious or critical barrier."""
    tab.run((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = tab.run(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.filter(v => ['serious', 'critical']"
        ".includes(v.impact)).map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 120)).slice(0, 3).join(' | ')))"
    )
    return list(found)


def foreign(addresses: set[str]) -> set[str]:
    """Those that are not this machine's."""
    return {
        url for url in addresses if urlsplit(url).scheme in {"http", "https", "ws", "wss"} and _host(url) not in _OWN
    }


def named_hosts(text: str) -> set[str]:
    """Hosts of other machines that a page names."""
    return {_host(url) for url in _URL.findall(text)} - _OWN - _NAMESPACES


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
