"""The page of an aiming session: on loopback only, under a random address, until the session ends."""

from __future__ import annotations

import json
import math
import secrets
import threading
from collections.abc import Iterable, Sequence
from importlib.resources import files
from types import TracebackType
from typing import TYPE_CHECKING
from wsgiref.simple_server import make_server

import cv2
from jinja2 import Environment, PackageLoader, StrictUndefined

from edge.aim.aiming import Aim, Picture, Verdict, capital
from edge.error import EmvasError
from edge.http_server import SmallHandler, SmallServer
from edge.i18n.texts import Labels, language_of
from edge.messages import Face

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST = "127.0.0.1"
_HEADERS = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; img-src 'self'; connect-src 'self'; script-src 'self'; "
     "style-src 'self'; frame-ancestors 'none'"),
]  # fmt: skip
_FILES = {
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}
_BGR: dict[Verdict, tuple[int, int, int]] = {"good": (80, 200, 0), "poor": (0, 190, 255), "bad": (40, 40, 235)}
_MOST_WIDTH_PX = 960
_QUALITY = 80


class PageError(EmvasError):
    """The page cannot be served."""


class AimPage:
    """Serves the newest frame and its readings, from `with` to its end, in the browser's language; stores no frame."""

    def __init__(self, port: int) -> None:
        """Raises PageError when the port is taken."""
        self._secret = secrets.token_urlsafe(16)
        self._lock = threading.Lock()
        self._jpeg, self._left_s = b"", 0.0
        self._aim: Aim | None = None
        self._page = Environment(
            loader=PackageLoader("edge.aim", "files"), autoescape=True, undefined=StrictUndefined
        ).get_template("page.html.j2")
        try:
            self._server = make_server(HOST, port, self._serve, SmallServer, SmallHandler)
        except OSError as error:
            raise PageError(f"port {port} cannot be used ({error.strerror or error}): give another --port") from error
        self.address = f"http://{HOST}:{self._server.server_port}/{self._secret}/"

    def show(self, jpeg: bytes, aim: Aim | None, left_s: float) -> None:
        """Replace the frame, its result and the time until the page ends."""
        with self._lock:
            self._jpeg, self._aim, self._left_s = jpeg, aim, left_s

    def __enter__(self) -> AimPage:
        threading.Thread(target=self._server.serve_forever, name="aim-page", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.show(b"", None, 0.0)

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        _, secret, *rest = f"{environ['PATH_INFO']}/".split("/", 2)
        name = rest[0].rstrip("/") if rest else ""
        if not secrets.compare_digest(secret.encode(), self._secret.encode()) or environ["REQUEST_METHOD"] != "GET":
            return _answer(start, "404 Not Found", "text/plain", b"not here")
        with self._lock:
            jpeg, aim, left_s = self._jpeg, self._aim, self._left_s
        labels = Labels(language_of(environ.get("HTTP_ACCEPT_LANGUAGE", "")))
        if not name:
            return _answer(start, "200 OK", "text/html; charset=utf-8", self._page.render(t=labels).encode())
        if name == "picture.jpg":
            return _answer(start, "200 OK", "image/jpeg", jpeg)
        if name == "state.json":
            return _answer(start, "200 OK", "application/json", json.dumps(_state(aim, left_s, labels)).encode())
        if name in _FILES:
            file, kind = _FILES[name]
            return _answer(start, "200 OK", kind, (files("edge.aim") / "files" / file).read_bytes())
        return _answer(start, "404 Not Found", "text/plain", b"not here")


def _answer(start: StartResponse, status: str, kind: str, body: bytes) -> list[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *_HEADERS])
    return [body]


def _state(aim: Aim | None, left_s: float, labels: Labels) -> dict[str, object]:
    """The texts of the page in the language of `labels`; empty before the first frame."""
    if aim is None:
        return {}
    return {
        "verdict": aim.verdict,
        "sentence": capital(labels.sentence(aim.sentence)),
        "advice": [labels.sentence(advice) for advice in aim.advice],
        "readings": [
            [labels(f"aim_name_{r.name}"), labels.sentence(r.said), labels(f"aim_verdict_{r.verdict}")]
            for r in aim.readings
        ],
        "left": labels("aim_ends", n=math.ceil(left_s / 60)),
    }


def drawn(image: Picture, faces: Sequence[Face], aim: Aim) -> bytes:
    """The image as a JPEG with a box around every face coloured by the worst check, its width and its eyes."""
    shown = image.copy()
    for face in faces:
        if face.box is not None:
            _face(shown, face, _BGR[aim.verdict])
    if shown.shape[1] > _MOST_WIDTH_PX:
        size = _MOST_WIDTH_PX, round(shown.shape[0] * _MOST_WIDTH_PX / shown.shape[1])
        shown = cv2.resize(shown, size, interpolation=cv2.INTER_AREA).astype(image.dtype)
    return bytes(cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes())


def _face(shown: Picture, face: Face, colour: tuple[int, int, int]) -> None:
    assert face.box is not None
    x, y, width, height = (round(value) for value in face.box)
    cv2.rectangle(shown, (x, y), (x + width, y + height), colour, 2)
    cv2.putText(shown, f"{width} px", (x, max(y - 6, 12)), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
    if face.usable:
        for share in (0.3, 0.7):  # roughly the place of the eyes in a face's box
            cv2.circle(shown, (x + round(share * width), y + round(0.33 * height)), max(width // 16, 2), colour, 1)
