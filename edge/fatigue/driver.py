"""Which of several faces is the driver's: chosen by place, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from edge.messages import Box, Face

Place = Literal["largest", "left", "right"]

SWITCH_S = 5.0
"""A face that fits the place clearly better for this long is the driver's after all ..."""
SETTLED_S = 60.0
"""... or for as long as the one who is taken for the driver has been seen, up to this: who leans in leans back."""
CLEARLY_LARGER = 1.5
"""Times the area; to the sides the distance is one face's width."""
RETURN_WIDTHS = 1.0
RETURN_SIZE = 1.5
"""A new face so near to where the driver was seen last, and of that size, is the driver again or the next one."""
TAKEN_S = 2.0
"""A face anywhere else that was never seen beside the driver is taken for the driver's after so long."""
FREE_S = 30.0
"""After this long without a driver any face may be the next one; until then nobody who was seen beside the driver."""


class DriverChoice:
    """Follows the driver of one camera; `place` is the largest face, or the leftmost or rightmost of the picture."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._track: int | None = None
        self._box: Box | None = None
        self._since_s = 0.0
        self._seen_s = 0.0
        self._rival: tuple[int, float] | None = None
        self._passengers: set[int] = set()

    def choose(self, faces: Sequence[Face]) -> Face:
        """The driver among the faces of one picture, at least one; without him, that there is nobody."""
        t_s = faces[0].t_s
        visible = [face for face in faces if face.track is not None and face.box is not None]
        driver = next((face for face in faces if face.track is not None and face.track == self._track), None)
        if driver is None or driver.box is None:
            driver = self._next(t_s, visible) or driver
        else:
            driver = self._challenged(t_s, driver, visible)
        if driver is None:
            return next((face for face in faces if face.track is None), Face(t_s))
        if driver.track != self._track:
            self._track, self._since_s, self._rival = driver.track, t_s, None
        if driver.box is not None:
            self._box, self._seen_s = driver.box, t_s
            self._passengers |= {face.track for face in visible if face.track is not None and face is not driver}
            self._passengers.discard(driver.track or 0)
        return driver

    def _next(self, t_s: float, visible: list[Face]) -> Face | None:
        """Who sits where nobody is seen any more: at once near where that was, after `TAKEN_S` anywhere else."""
        last = self._box
        if last is None or t_s - self._seen_s >= FREE_S:
            return max(visible, key=self._fits, default=None)
        strangers = [face for face in visible if face.track not in self._passengers]
        near = [face for face in strangers if face.box is not None and _could_be(face.box, last)]
        best = max(near or strangers, key=self._fits, default=None)
        if best is None or near:
            self._rival = None
            return best
        return best if self._lasts(t_s, best, TAKEN_S) else None

    def _challenged(self, t_s: float, driver: Face, visible: list[Face]) -> Face:
        best = max(visible, key=self._fits)
        if best is driver or not self._clearly(best, driver):
            self._rival = None
            return driver
        came_s = self._rival[1] if self._rival is not None and self._rival[0] == best.track else t_s
        patience_s = min(max(came_s - self._since_s, SWITCH_S), SETTLED_S)
        return best if self._lasts(t_s, best, patience_s) else driver

    def _lasts(self, t_s: float, rival: Face, for_s: float) -> bool:
        if rival.track is None:
            return False
        if self._rival is None or self._rival[0] != rival.track:
            self._rival = rival.track, t_s
        return t_s - self._rival[1] >= for_s

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
