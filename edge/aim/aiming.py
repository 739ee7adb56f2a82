"""One aiming session, from the first frame until all conditions held for long enough (pure)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edge.aim.readings import AimReading, of_driver, of_rate, of_room
from edge.messages import Face, Frame

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
