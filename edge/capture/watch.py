"""What is wrong with the pictures though they come: too few, the same again, covered, out of focus, of another view."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import TypeVar

import cv2

from edge.capture.picture import Image
from edge.capture.scene import LOOK_S, SceneWatch
from edge.config.constants import SEEN_GAP_S
from edge.i18n.sentence import Sentence
from edge.messages import Audio, Frame, Source

_STILL_S = 5.0
"""A camera's noise makes every picture another; coding repeats a whole picture for as long as until the next key frame
of a scene in which nothing lives."""
_FEW_WITHIN_S, _FEW_FROM_S = 5.0, 2.0
"""So far back pictures are counted, from so much of it on."""
_LEAST_GAPS = 3
"""And always the last few, however slow the camera."""
_MOST_GAP_S = 1.0
"""A longer gap counts as this: one hole in a recording is no slow camera."""
_LEAST_SHARE = 0.5
"""Share of the last `_FEW_WITHIN_S` between pictures near enough to judge lids (`fatigue.least_valid_ratio`)."""
_POOR_S = 5.0
"""Covered or out of focus for so long: no hand on its way and no lens that focuses takes longer."""
_GOOD_S = 10.0
"""What was told ends after so long without it, or headlights that pass a dark bus would be told one by one."""
_LEAST_CONTRAST = 6.0
"""Standard deviation of grey levels, 0 to 255, over areas of a fortieth of the width: 24 and more in the 16 clips of
the shared data, 0 in the black picture of one, below 4 with a hand or tape on a lens."""
_LEAST_SHARPNESS = 0.007
"""Variance of the Laplacian over that of the grey levels at 320 px of width: 0.016 and more in those clips, 0.007 and
less when they are blurred by 5 px of 640, at which no lid can be read."""
_WIDTH_PX = 320
_STRIDE = 8

_STILL = Sentence("picture_still")
_COVERED = Sentence("picture_covered")
_UNFOCUSED = Sentence("picture_unfocused")

_Item = TypeVar("_Item", bound=Frame | Audio | Source)


class PictureWatch:
    """Pictures in, what is new about them out: the source `camera` lost with the reason, and ok when that is over."""

    def __init__(self) -> None:
        self._told = ""
        self.begin()

    def begin(self) -> None:
        """The camera was opened or lost: nothing is known of its pictures."""
        self._last_s: float | None = None
        self._digest, self._same_s = 0, 0.0
        self._gaps: list[tuple[float, float]] = []
        self._looked_s = self._poor_s = 0.0
        self._poor = self._moved = ""
        self._scene = SceneWatch()
        self._well_s: float | None = None

    def step(self, frame: Frame) -> list[Source]:
        """Take in one picture."""
        reason = self._count(frame) or self._compare(frame) or self._look(frame)
        self._last_s = frame.t_s
        if reason:
            self._well_s = None
            return self._tell(frame.t_s, reason)
        self._well_s = frame.t_s if self._well_s is None else self._well_s
        over = bool(self._told) and frame.t_s - self._well_s >= _GOOD_S
        return self._tell(frame.t_s, "") if over else []

    @property
    def still(self) -> bool:
        """Whether the last picture was but a repetition, which is no look at anybody."""
        return self._last_s is not None and self._last_s - self._same_s >= _STILL_S

    def superseded(self) -> None:
        """Somebody else has told of the camera since."""
        self._told = ""
        self.begin()

    def _tell(self, t_s: float, reason: str) -> list[Source]:
        what = reason.code if isinstance(reason, Sentence) else reason
        if what == self._told:
            return []
        self._told = what
        return [Source(t_s, "camera", "lost", reason) if reason else Source(t_s, "camera", "ok")]

    def _count(self, frame: Frame) -> str:
        """Whether enough pictures come, by the time between them."""
        if self._last_s is None:
            return ""
        self._gaps.append((frame.t_s, frame.t_s - self._last_s))
        recent = [gap for gap in self._gaps if gap[0] > frame.t_s - _FEW_WITHIN_S]
        self._gaps = recent if len(recent) >= _LEAST_GAPS else self._gaps[-_LEAST_GAPS:]
        length_s = sum(min(gap_s, _MOST_GAP_S) for _, gap_s in self._gaps)
        seen_s = sum(gap_s for _, gap_s in self._gaps if gap_s <= SEEN_GAP_S)
        if length_s < _FEW_FROM_S or seen_s >= _LEAST_SHARE * length_s:
            return ""
        long_s = [gap_s for _, gap_s in self._gaps if gap_s > SEEN_GAP_S]
        return Sentence("pictures_too_few", hz=len(long_s) / sum(long_s), least=1 / SEEN_GAP_S)

    def _compare(self, frame: Frame) -> str:
        """Whether this is the picture before, to the bit."""
        digest = zlib.crc32(frame.image[::_STRIDE, ::_STRIDE].tobytes())
        if digest != self._digest or self._last_s is None:
            self._digest, self._same_s = digest, frame.t_s
        return _STILL if frame.t_s - self._same_s >= _STILL_S else ""

    def _look(self, frame: Frame) -> str:
        """Whether anything can be made out, now and then."""
        if self._last_s is None or frame.t_s - self._looked_s >= LOOK_S:
            poor = _poor(frame.image)
            if poor != self._poor:
                self._poor, self._poor_s = poor, frame.t_s
            self._looked_s = frame.t_s
            self._moved = "" if poor else self._scene.step(frame.t_s, frame.image)
        return (self._poor if frame.t_s - self._poor_s >= _POOR_S else "") or self._moved


def watched(items: Iterable[_Item], watch: PictureWatch) -> Iterator[_Item | Source]:
    """The items of a camera, each picture after what it shows of the camera's own state, without what stands still."""
    for item in items:
        if isinstance(item, Frame):
            yield from watch.step(item)
            if watch.still:
                continue
        elif isinstance(item, Source) and item.source == "camera":
            watch.superseded()
        yield item


def _poor(image: Image) -> str:
    shrink = max(1, round(image.shape[1] / _WIDTH_PX))
    size = (max(1, image.shape[1] // shrink), max(1, image.shape[0] // shrink))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    areas = cv2.resize(grey, (40, 30), interpolation=cv2.INTER_AREA)
    if float(areas.std()) < _LEAST_CONTRAST:
        return _COVERED
    sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var()) / float(grey.var())
    return _UNFOCUSED if sharpness < _LEAST_SHARPNESS else ""
