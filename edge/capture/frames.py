"""A decoded picture as a `Frame`: BGR, upright, of square pixels, on a time line that only goes forward."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeVar

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from edge.capture.camera_moved import LOOK_S, Image, ViewWatch
from edge.config.constants import SEEN_GAP_S
from edge.config.perception import CameraConfig
from edge.i18n.sentence import Sentence
from edge.messages import Audio, Frame, Source

_QUARTER_TURN_DEG = 90.0
_LEAST_ASPECT, _MOST_ASPECT = 0.25, 4.0
"""Pixels narrower or wider than any format has (the extremes in use are 8:15 and 64:27 or so) are a damaged header."""
_FLIPS = {"horizontal": 1, "vertical": 0}
"""OpenCV's codes."""


class View:
    """How a camera is mounted: what it delivers, turned and flipped into what a person in front of it looks like."""

    def __init__(self, config: CameraConfig) -> None:
        self.pixel_aspect = config.pixel_aspect
        """Width of a pixel over its height where the stream does not say so or says it wrongly; None: as it says."""
        self._quarters = round(config.rotate / _QUARTER_TURN_DEG)
        self._flip = None if config.flip is None else _FLIPS[config.flip]

    def applied(self, image: Image) -> Image:
        """`image` (height, width, 3), turned clockwise, then flipped."""
        if self._quarters:
            image = np.ascontiguousarray(np.rot90(image, -self._quarters))
        return image if self._flip is None else np.asarray(cv2.flip(image, self._flip), np.uint8)


class FrameDecoder:
    """Numbers the pictures of one stream and converts them."""

    def __init__(self, interval_s: float, view: View | None = None) -> None:
        """`interval_s` stands in where a picture carries no time or one that does not go forward (damaged files)."""
        self._interval_s, self._view = interval_s, view
        self._last_s: float | None = None
        self._count = 0
        self._converter = VideoReformatter()  # kept: making one costs three times what the picture does

    def push(self, picture: av.VideoFrame, measured_s: float | None, aspect: Fraction | None = None) -> Frame:
        """Convert one picture that was taken at `measured_s`; `aspect` is its pixels' as the stream says."""
        t_s = measured_s
        if self._last_s is not None and (t_s is None or t_s <= self._last_s):
            t_s = self._last_s + self._interval_s
        frame = Frame(t_s if t_s is not None else 0.0, self._upright(picture, aspect), self._count)
        self._last_s, self._count = frame.t_s, self._count + 1
        return frame

    def _upright(self, picture: av.VideoFrame, aspect: Fraction | None) -> Image:
        """The picture as (height, width, 3) BGR, turned as its rotation metadata says (phones film sideways)."""
        width, height = square_pixels(picture.width, picture.height, self._aspect(aspect))
        converted = self._converter.reformat(picture, width, height, format="bgr24")
        image: Image = converted.to_ndarray().astype(np.uint8, copy=False)
        turns = round(picture.rotation / _QUARTER_TURN_DEG) % 4
        image = np.ascontiguousarray(np.rot90(image, turns)) if turns else image
        return self._view.applied(image) if self._view else image

    def _aspect(self, told: Fraction | None) -> float:
        if self._view and self._view.pixel_aspect is not None:
            return self._view.pixel_aspect
        return float(told) if told and _LEAST_ASPECT <= told <= _MOST_ASPECT else 1.0


def square_pixels(width: int, height: int, aspect: float) -> tuple[int, int]:
    """The size of the same picture in square pixels: the side that is short of pixels grows, so no detail is lost."""
    return (round(width * aspect), height) if aspect >= 1.0 else (width, round(height / aspect))


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


class FrameWatch:
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
        self._scene = ViewWatch()
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


def watched(items: Iterable[_Item], watch: FrameWatch) -> Iterator[_Item | Source]:
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
