"""One aiming session: the conditions that each frame must meet, their remedies, and for how long all held (pure)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

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


@dataclass(frozen=True, slots=True)
class AimReading:
    """One check, as the installer sees it."""

    name: str
    said: str
    """The measured value in words."""
    verdict: Verdict
    advice: str = ""
    """What to do; empty when the check passes."""


def _judged(name: str, said: str, holds: bool, advice: str, verdict: Verdict = "bad") -> AimReading:
    return AimReading(name, said, "good" if holds else verdict, "" if holds else advice)


def of_rate(hz: float) -> AimReading:
    """Check the frame rate."""
    if hz >= GOOD_HZ:
        return AimReading("pictures", f"{hz:.0f} a second", "good")
    return AimReading(
        "pictures", f"{hz:.0f} a second", "poor" if hz >= LEAST_HZ else "bad",
        "set camera.format: mjpeg, a smaller size, or give it more light: cameras slow down in the dark",
    )  # fmt: skip


def of_driver(face: Face, image: Picture) -> list[AimReading]:
    """Check the face of one driver."""
    if face.box is None or face.reason is Reason.NO_FACE:
        upside_down = face.reason is Reason.UPSIDE_DOWN
        advice = "set camera.rotate: 180, or hang the camera the other way up" if upside_down else (
            "point the camera at the driver's seat, and sit there"
        )  # fmt: skip
        return [AimReading("face", "upside down" if upside_down else "none is seen", "bad", advice)]
    return [*_place(face.box, image), *_pose(face), *_light(face, image)]


def _place(box: Box, image: Picture) -> list[AimReading]:
    height, width = image.shape[:2]
    aside = (box[0] + box[2] / 2) / width - 0.5
    high = (box[1] + box[3] / 2) / height - 0.5
    degrees = FIELD_DEG * abs(aside)
    up_degrees = FIELD_DEG * height / width * abs(high)
    nearer = 1 - box[2] / LEAST_FACE_PX
    return [
        _judged(
            "width", f"{box[2]:.0f} px between the temples", box[2] >= LEAST_FACE_PX,
            f"bring the camera nearer, by {100 * nearer:.0f} % of the way to the face",
        ),
        _judged(
            "sideways", f"{100 * abs(aside):.0f} % {'left' if aside < 0 else 'right'} of the middle",
            abs(aside) <= MOST_ASIDE,
            f"turn the camera {degrees:.0f} degrees {'left' if aside < 0 else 'right'}, as it looks",
        ),
        _judged(
            "height", f"{100 * abs(high):.0f} % {'above' if high < 0 else 'below'} the middle",
            abs(high) <= MOST_HIGH,
            f"tilt the camera {up_degrees:.0f} degrees {'up' if high < 0 else 'down'}",
        ),
    ]  # fmt: skip


def _pose(face: Face) -> list[AimReading]:
    if face.yaw_deg is None or face.pitch_deg is None or face.roll_deg is None:
        return []
    yaw, pitch, roll = face.yaw_deg, face.pitch_deg, face.roll_deg
    too_far = max(pitch - MOST_DOWN_DEG, -pitch - MOST_UP_DEG, 0.0)
    cm = _ARM_CM * math.tan(math.radians(too_far))
    return [
        _judged(
            "side", f"seen from {abs(yaw):.0f} degrees aside", abs(yaw) <= MOST_SIDE_DEG,
            f"hang the camera further to the front of the driver, by {abs(yaw) - MOST_SIDE_DEG:.0f} degrees or more",
        ),
        _judged(
            "tilt", f"head {abs(pitch):.0f} degrees {'down' if pitch > 0 else 'up'} to the camera", too_far == 0.0,
            f"{'lower' if pitch > 0 else 'raise'} the camera by {max(cm, 1):.0f} cm, and look ahead",
        ),
        _judged(
            "roll", f"leaning {abs(roll):.0f} degrees", abs(roll) <= MOST_ROLL_DEG,
            "set the camera upright, or camera.rotate", "poor",
        ),
    ]  # fmt: skip


def _light(face: Face, image: Picture) -> list[AimReading]:
    patch = _patch(face.box, image)
    grey = float(patch.mean()) if patch.size else 0.0
    glare = float((patch >= _GLARING).mean()) if patch.size else 0.0
    dark = face.reason is Reason.DARK
    hidden = face.reason in (Reason.EYES_HIDDEN, Reason.LIDS_UNCLEAR)
    return [
        _judged(
            "light", f"grey level {grey:.0f} of 255", grey >= LEAST_GREY and not dark,
            "give it more light; at night an infra-red lamp", "bad" if dark else "poor",
        ),
        _judged(
            "glare", f"{100 * glare:.0f} % of the face is white", glare <= MOST_GLARE,
            "turn the lamp or the camera away from the glare", "poor",
        ),
        _judged(
            "sharpness", "out of focus" if face.reason is Reason.BLURRED else "sharp enough",
            face.reason is not Reason.BLURRED, "clean the lens and focus it",
        ),
        _judged(
            "eyes", "hidden" if hidden else "turned away" if face.reason is Reason.TURNED_AWAY else "seen", face.usable,
            "take off dark glasses, move cap, hair or hand, look ahead",
        ),
    ]  # fmt: skip


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
        return [AimReading("faces", "none is seen", "bad", "point the camera at the seats, and sit there")]
    widths = sorted(box[2] for box in boxes)
    large = sum(width >= LEAST_ROOM_PX for width in widths)
    far = [box for box in boxes if box[2] < LEAST_ROOM_PX]
    row = "" if not far else f"; too far: the row at {_height(far, image)} % of the picture's height from above"
    return [
        _judged(
            "faces", f"{len(boxes)} seen, {large} of {LEAST_ROOM_PX:.0f} px or more", large >= LEAST_GROUP,
            f"{LEAST_GROUP} faces are needed for anything to be told: turn the camera to the seats, or bring it nearer",
        ),
        _judged(
            "width", f"{widths[0]:.0f} to {widths[-1]:.0f} px{row}", not far,
            f"bring the camera nearer by {100 * (1 - widths[0] / LEAST_ROOM_PX):.0f} % or raise camera.width_px: "
            f"{len(far)} faces are too small", "poor",
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
    def advice(self) -> list[str]:
        """What to do, the most important first."""
        faults = sorted((reading for reading in self.readings if reading.advice), key=lambda r: r.verdict != "bad")
        return [reading.advice for reading in faults]

    @property
    def sentence(self) -> str:
        """The state in one line."""
        if self.ready:
            return f"Ready: all has held for {HOLDS_S:.0f} s."
        if not any(reading.verdict == "bad" for reading in self.readings):
            return f"Good: hold it for {HOLDS_S - self.held_s:.0f} s more."
        return self.advice[0][0].upper() + self.advice[0][1:] + "."

    def record(self) -> dict[str, Any]:
        """As plain JSON data."""
        readings = [asdict(reading) for reading in self.readings]
        said = {"ready": self.ready, "held_s": round(self.held_s, 1), "sentence": self.sentence}
        return {"t_s": round(self.t_s, 2), **said, "advice": self.advice, "readings": readings}


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
