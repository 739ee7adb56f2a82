"""Which of several faces is the driver's: chosen by place, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from edge.messages import Box, Face

Place = Literal["largest", "left", "right"]

SWITCH_S = 5.0
"""A face that fits the place clearly better for this long is the driver's after all."""
CLEARLY_LARGER = 1.5
"""Times the area; to the sides the distance is one face's width."""
RETURN_WIDTHS = 1.0
RETURN_SIZE = 1.5
"""A new face so near to where the driver was seen last, and of that size, is the driver again or the next one."""
FREE_S = 30.0
"""After this long without a driver any face may be the next one; until then a passenger is not taken for one."""


class DriverChoice:
    """Follows the driver of one camera; `place` is the largest face, or the leftmost or rightmost of the picture."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._track: int | None = None
        self._box: Box | None = None
        self._seen_s = 0.0
        self._rival: tuple[int, float] | None = None

    def choose(self, faces: Sequence[Face]) -> Face:
        """The driver among the faces of one picture, at least one; without him, that there is nobody."""
        t_s = faces[0].t_s
        visible = [face for face in faces if face.track is not None and face.box is not None]
        driver = next((face for face in faces if face.track is not None and face.track == self._track), None)
        if driver is None:
            driver = self._next(t_s, visible)
        elif driver.box is not None:
            driver = self._challenged(t_s, driver, visible)
        if driver is None:
            return Face(t_s)
        self._track = driver.track
        if driver.box is not None:
            self._box, self._seen_s = driver.box, t_s
        return driver

    def _next(self, t_s: float, visible: list[Face]) -> Face | None:
        last, self._rival = self._box, None
        if last is not None and t_s - self._seen_s < FREE_S:
            visible = [face for face in visible if face.box is not None and _could_be(face.box, last)]
        return max(visible, key=self._fits, default=None)

    def _challenged(self, t_s: float, driver: Face, visible: list[Face]) -> Face:
        best = max(visible, key=self._fits)
        if best.track is None or best is driver or not self._clearly(best, driver):
            self._rival = None
        elif self._rival is None or self._rival[0] != best.track:
            self._rival = best.track, t_s
        elif t_s - self._rival[1] >= SWITCH_S:
            self._rival = None
            return best
        return driver

    def _fits(self, face: Face) -> float:
        x, _, width, height = face.box or (0.0, 0.0, 0.0, 0.0)
        return {"largest": width * height, "left": -(x + width / 2), "right": x + width / 2}[self._place]

    def _clearly(self, best: Face, driver: Face) -> bool:
        if self._place == "largest":
            return self._fits(best) >= CLEARLY_LARGER * self._fits(driver)
        width = driver.box[2] if driver.box else 0.0
        return self._fits(best) - self._fits(driver) >= width


def _could_be(found: Box, last: Box) -> bool:
    across = abs(found[0] + found[2] / 2 - last[0] - last[2] / 2)
    down = abs(found[1] + found[3] / 2 - last[1] - last[3] / 2)
    near = max(across, down) <= RETURN_WIDTHS * last[2]
    return near and max(found[2] / last[2], last[2] / found[2]) <= RETURN_SIZE
