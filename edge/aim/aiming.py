"""One aiming session: the conditions that each frame must meet, their remedies, and for how long all held (pure)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from edge.i18n.texts import Labels, Sentence
from edge.messages import Box, Face, Frame, Reason

Picture = npt.NDArray[np.uint8]
Verdict = Literal["good", "poor", "bad"]

LEAST_FACE_PX = 120.0
"""Width between the temples (docs/bus.md, Mounting)."""
MOST_SIDE_DEG = 35.0
"""Angle from the side; beyond 50 degrees the eyes count as turned away."""
MOST_DOWN_DEG, MOST_UP_DEG = 20.0, 35.0
"""Of the head to the camera: 5 and 10 degrees inside `edge.vision.usable_eyes`, for a driver who moves."""
MOST_ROLL_DEG = 25.0
LEAST_HZ, GOOD_HZ = 15.0, 25.0
"""Below 15 frames a second single blinks are missed."""
LEAST_GREY = 50.0
"""Mean of the face; `edge.vision.usable_eyes` gives up at 20, in the eyes."""
_GLARING, MOST_GLARE = 250, 0.05
"""Share of white pixels in the face; a chosen limit."""
MOST_ASIDE, MOST_HIGH = 0.25, 0.25
"""Distance of the face from the middle, as a share of width and height: a moving driver must stay in view."""
FIELD_DEG = 60.0
"""Typical field of view of a USB camera; advice in degrees is as rough as this value."""
_ARM_CM = 70.0
"""Distance from the camera to a driver's face in a cab."""
LEAST_ROOM_PX, LEAST_GROUP = 40.0, 5
"""Least face width for expressions, and least number of faces for a group (docs/classroom.md)."""
_ENGLISH = Labels("en")


@dataclass(frozen=True, slots=True)
class AimReading:
    """One check, as the installer sees it."""

    name: str
    measured: Sentence
    """The measured value in words."""
    verdict: Verdict
    advice: Sentence | None = None
    """What to do; None if the check passes."""


def _judged(name: str, measured: Sentence, holds: bool, advice: Sentence, verdict: Verdict = "bad") -> AimReading:
    return AimReading(name, measured, "good" if holds else verdict, None if holds else advice)


def of_rate(hz: float) -> AimReading:
    """Check the frame rate."""
    measured = Sentence("aim_rate", hz=round(hz))
    return _judged("pictures", measured, hz >= GOOD_HZ, Sentence("aim_faster"), "poor" if hz >= LEAST_HZ else "bad")


def of_driver(face: Face, image: Picture) -> list[AimReading]:
    """Check the face of one driver."""
    if face.box is None or face.reason is Reason.NO_FACE:
        if face.reason is Reason.UPSIDE_DOWN:
            return [AimReading("face", Sentence("aim_upside_down"), "bad", Sentence("aim_rotate"))]
        return [AimReading("face", Sentence("aim_no_face"), "bad", Sentence("aim_point_at_driver"))]
    return [*_place(face.box, image), *_pose(face), *_light(face, image)]


def _place(box: Box, image: Picture) -> list[AimReading]:
    height, width = image.shape[:2]
    aside = (box[0] + box[2] / 2) / width - 0.5
    high = (box[1] + box[3] / 2) / height - 0.5
    degrees, share = round(FIELD_DEG * abs(aside)), round(100 * abs(aside))
    up_degrees, up_share = round(FIELD_DEG * height / width * abs(high)), round(100 * abs(high))
    left, above = aside < 0, high < 0
    return [
        _judged(
            "width", Sentence("aim_face_width", px=round(box[2])), box[2] >= LEAST_FACE_PX,
            Sentence("aim_nearer", share=round(100 * (1 - box[2] / LEAST_FACE_PX))),
        ),
        _judged(
            "sideways", Sentence("aim_is_left", share=share) if left else Sentence("aim_is_right", share=share),
            abs(aside) <= MOST_ASIDE,
            Sentence("aim_turn_left", degrees=degrees) if left else Sentence("aim_turn_right", degrees=degrees),
        ),
        _judged(
            "height", Sentence("aim_is_above", share=up_share) if above else Sentence("aim_is_below", share=up_share),
            abs(high) <= MOST_HIGH,
            Sentence("aim_tilt_up", degrees=up_degrees) if above else Sentence("aim_tilt_down", degrees=up_degrees),
        ),
    ]  # fmt: skip


def _pose(face: Face) -> list[AimReading]:
    if face.yaw_deg is None or face.pitch_deg is None or face.roll_deg is None:
        return []
    yaw, pitch, roll = face.yaw_deg, face.pitch_deg, face.roll_deg
    too_far = max(pitch - MOST_DOWN_DEG, -pitch - MOST_UP_DEG, 0.0)
    cm, degrees, down = round(max(_ARM_CM * math.tan(math.radians(too_far)), 1)), round(abs(pitch)), pitch > 0
    return [
        _judged(
            "side", Sentence("aim_from_aside", degrees=round(abs(yaw))), abs(yaw) <= MOST_SIDE_DEG,
            Sentence("aim_to_the_front", degrees=round(abs(yaw) - MOST_SIDE_DEG)),
        ),
        _judged(
            "tilt", Sentence("aim_head_down", degrees=degrees) if down else Sentence("aim_head_up", degrees=degrees),
            too_far == 0.0, Sentence("aim_lower", cm=cm) if down else Sentence("aim_raise", cm=cm),
        ),
        _judged(
            "roll", Sentence("aim_leaning", degrees=round(abs(roll))), abs(roll) <= MOST_ROLL_DEG,
            Sentence("aim_upright"), "poor",
        ),
    ]  # fmt: skip


def _light(face: Face, image: Picture) -> list[AimReading]:
    patch = _patch(face.box, image)
    grey = float(patch.mean()) if patch.size else 0.0
    glare = float((patch >= _GLARING).mean()) if patch.size else 0.0
    dark = face.reason is Reason.DARK
    sharp = face.reason is not Reason.BLURRED
    return [
        _judged(
            "light", Sentence("aim_grey", level=round(grey)), grey >= LEAST_GREY and not dark,
            Sentence("aim_more_light"), "bad" if dark else "poor",
        ),
        _judged(
            "glare", Sentence("aim_white", share=round(100 * glare)), glare <= MOST_GLARE,
            Sentence("aim_less_glare"), "poor",
        ),
        _judged(
            "sharpness", Sentence("aim_sharp") if sharp else Sentence("aim_blurred"), sharp, Sentence("aim_focus"),
        ),
        _judged("eyes", _eyes(face.reason), face.usable, Sentence("aim_free_eyes")),
    ]  # fmt: skip


def _eyes(reason: Reason | None) -> Sentence:
    if reason in (Reason.EYES_HIDDEN, Reason.LIDS_UNCLEAR):
        return Sentence("aim_eyes_hidden")
    return Sentence("aim_eyes_away") if reason is Reason.TURNED_AWAY else Sentence("aim_eyes_seen")


def _patch(box: Box | None, image: Picture) -> Picture:
    """The grey picture of a face."""
    if box is None:
        return np.zeros((0, 0), np.uint8)
    x, y, width, height = (round(value) for value in box)
    cut = image[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    return np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY) if cut.size else np.zeros((0, 0)), np.uint8)


def of_room(faces: Sequence[Face], image: Picture) -> list[AimReading]:
    """Check how many faces of a room can be read, and which row is too far away."""
    boxes = [face.box for face in faces if face.box is not None]
    if not boxes:
        return [AimReading("faces", Sentence("aim_no_face"), "bad", Sentence("aim_point_at_seats"))]
    widths = sorted(box[2] for box in boxes)
    least, most = round(widths[0]), round(widths[-1])
    large = sum(width >= LEAST_ROOM_PX for width in widths)
    far = [box for box in boxes if box[2] < LEAST_ROOM_PX]
    return [
        _judged(
            "faces", Sentence("aim_faces_seen", n=len(boxes), large=large, px=round(LEAST_ROOM_PX)),
            large >= LEAST_GROUP, Sentence("aim_more_faces", n=LEAST_GROUP),
        ),
        _judged(
            "width", Sentence("aim_widths_far", least=least, most=most, share=_height(far, image)) if far
            else Sentence("aim_widths", least=least, most=most), not far,
            Sentence("aim_room_nearer", share=round(100 * (1 - widths[0] / LEAST_ROOM_PX)), n=len(far)), "poor",
        ),
    ]  # fmt: skip


def _height(boxes: Sequence[Box], image: Picture) -> int:
    middle = float(np.median([box[1] + box[3] / 2 for box in boxes]))
    return round(100 * middle / int(image.shape[0]))


HOLDS_S = 10.0
"""All checks must pass for this long: one good frame proves little."""
_FORGIVEN_S = 0.5
"""A lost face or a blurred frame this short does not restart the time."""
_RATE_S = 3.0


@dataclass(frozen=True, slots=True)
class Aim:
    """The state of the aiming at one frame."""

    t_s: float
    readings: tuple[AimReading, ...]
    held_s: float
    """How long all checks have passed."""

    @property
    def ready(self) -> bool:
        """Whether all checks have passed for `HOLDS_S`."""
        return self.held_s >= HOLDS_S

    @property
    def verdict(self) -> Verdict:
        """The worst check; good only after all have held for `HOLDS_S`."""
        if any(reading.verdict == "bad" for reading in self.readings):
            return "bad"
        return "good" if self.ready else "poor"

    @property
    def advice(self) -> list[Sentence]:
        """What to do, the most important first."""
        faults = sorted(self.readings, key=lambda reading: reading.verdict != "bad")
        return [reading.advice for reading in faults if reading.advice is not None]

    @property
    def sentence(self) -> Sentence:
        """The state in one line."""
        if self.ready:
            return Sentence("aim_ready", s=round(HOLDS_S))
        if self.verdict != "bad":
            return Sentence("aim_hold", s=round(HOLDS_S - self.held_s))
        return Sentence("aim_do", advice=self.advice[0])

    def record(self, labels: Labels = _ENGLISH) -> dict[str, Any]:
        """As plain JSON data; the sentences are in the language of `labels`."""
        readings = [
            {
                "name": reading.name,
                "measured": labels.sentence(reading.measured),
                "verdict": reading.verdict,
                "advice": labels.sentence(reading.advice) if reading.advice else "",
            }
            for reading in self.readings
        ]
        return {
            "t_s": round(self.t_s, 2),
            "ready": self.ready,
            "held_s": round(self.held_s, 1),
            "sentence": capital(labels.sentence(self.sentence)),
            "advice": [labels.sentence(advice) for advice in self.advice],
            "readings": readings,
        }


def capital(sentence: str) -> str:
    """The sentence with a capital letter at its start."""
    return sentence[:1].upper() + sentence[1:]


class Aiming:
    """Turns each frame with its faces into one `Aim`."""

    def __init__(self, room: bool) -> None:
        """`room`: many faces before one camera, instead of one driver."""
        self._room = room
        self._came: deque[tuple[float, int]] = deque()
        self._good_from_s: float | None = None
        self._good_s = 0.0

    def step(self, frame: Frame, faces: Sequence[Face]) -> Aim:
        """Handle one frame; skipped frames count as delivered, by their `index`."""
        t_s, image = frame.t_s, frame.image
        self._came.append((t_s, frame.index))
        while t_s - self._came[0][0] > _RATE_S:
            self._came.popleft()
        first_s, first = self._came[0]
        readings = [*(of_room(faces, image) if self._room else of_driver(largest(faces, t_s), image))]
        if t_s - first_s >= _RATE_S / 2:
            readings.append(of_rate((frame.index - first) / (t_s - first_s)))
        good = len(self._came) > 1 and all(reading.verdict != "bad" for reading in readings)
        if good:
            self._good_from_s = t_s if self._good_from_s is None else self._good_from_s
            self._good_s = t_s
        elif t_s - self._good_s > _FORGIVEN_S:
            self._good_from_s = None
        held_s = 0.0 if self._good_from_s is None else self._good_s - self._good_from_s
        return Aim(t_s, tuple(readings), held_s)


def largest(faces: Sequence[Face], t_s: float) -> Face:
    """The nearest face, or the entry that says there is none."""
    seen = [face for face in faces if face.box is not None]
    return max(seen, key=lambda face: (face.box or (0, 0, 0, 0))[2], default=faces[0] if faces else Face(t_s))
