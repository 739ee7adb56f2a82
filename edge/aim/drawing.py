"""The picture with what was found drawn on it, as a JPEG in memory."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from edge.aim.aiming import Aim
from edge.aim.readings import Picture, Verdict
from edge.messages import Face

_BGR: dict[Verdict, tuple[int, int, int]] = {"good": (80, 200, 0), "poor": (0, 190, 255), "bad": (40, 40, 235)}
_MOST_WIDTH_PX = 960
_QUALITY = 80


def drawn(image: Picture, faces: Sequence[Face], aim: Aim) -> bytes:
    """A copy with a frame round every face in the colour of the whole, and its width; eyes as small rings."""
    shown = image.copy()
    worst: Verdict = "bad" if any(r.verdict == "bad" for r in aim.readings) else "good" if aim.ready else "poor"
    for face in faces:
        if face.box is not None:
            _face(shown, face, _BGR[worst])
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
        for share in (0.3, 0.7):  # about where eyes lie in a face's box
            cv2.circle(shown, (x + round(share * width), y + round(0.33 * height)), max(width // 16, 2), colour, 1)
