"""The page of an aiming session, as an ASGI application: the newest frame and its readings, from memory."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from importlib.resources import files

import cv2
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from edge.aim.aiming import Aim, Picture, Verdict, capital
from edge.i18n.texts import Labels, language_of
from edge.messages import Face

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; connect-src 'self'; script-src 'self'; "
    "style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_FILES = {"page.js": "text/javascript", "page.css": "text/css"}
_BGR: dict[Verdict, tuple[int, int, int]] = {"good": (80, 200, 0), "poor": (0, 190, 255), "bad": (40, 40, 235)}
_MOST_WIDTH_PX = 960
_QUALITY = 80


class AimPage:
    """Shows the newest frame and its readings in the browser's language; `show` is called by another thread."""

    def __init__(self, path: str) -> None:
        """`path` is where the page lies on its server, with a slash at both ends."""
        self._path, self._lock = path, threading.Lock()
        self._jpeg, self._left_s = b"", 0.0
        self._aim: Aim | None = None
        self._page = Environment(
            loader=PackageLoader("edge.aim", "files"), autoescape=True, undefined=StrictUndefined
        ).get_template("page.html.j2")

    def show(self, image: Picture, faces: Sequence[Face], aim: Aim, left_s: float) -> None:
        """Replace the frame with its faces, its result and the time until the page ends."""
        jpeg = drawn(image, faces, aim)
        with self._lock:
            self._jpeg, self._aim, self._left_s = jpeg, aim, left_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        path = request.url.path
        name = path.removeprefix(self._path)
        if not path.startswith(self._path) or request.method != "GET":
            return PlainTextResponse("not here", 404)
        with self._lock:
            jpeg, aim, left_s = self._jpeg, self._aim, self._left_s
        labels = Labels(language_of(request.headers.get("accept-language", "")))
        if not name:
            return HTMLResponse(self._page.render(t=labels), headers=_HEADERS)
        if name == "picture.jpg":
            return Response(jpeg, media_type="image/jpeg")
        if name == "state.json":
            return JSONResponse(_state(aim, left_s, labels))
        if name in _FILES:
            return Response((files("edge.aim") / "files" / name).read_bytes(), media_type=_FILES[name])
        return PlainTextResponse("not here", 404)


def _state(aim: Aim | None, left_s: float, labels: Labels) -> dict[str, object]:
    """The texts of the page in the language of `labels`; empty before the first frame."""
    if aim is None:
        return {}
    return {
        "verdict": aim.verdict,
        "sentence": capital(labels.sentence(aim.sentence)),
        "advice": [labels.sentence(advice) for advice in aim.advice],
        "readings": [
            [labels(f"aim_name_{r.name}"), labels.sentence(r.measured), labels(f"aim_verdict_{r.verdict}")]
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
