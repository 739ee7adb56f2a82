"""Frames: decoded to upright BGR with square pixels and rising timestamps, and checked for faults.

Faults: too few frames, repeated frames, a covered lens, a blurred image, a moved camera. The timestamps of a file whose
parts start anew are put on one clock, together with those of its audio. Such files are joined segments, recordings of a
recorder that was reset, and those with wall-clock timestamps.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from edge.capture.camera_moved import LOOK_S, Image, ViewWatch
from edge.config.constants import SEEN_GAP_S
from edge.config.perception import CameraConfig
from edge.i18n.texts import Sentence
from edge.messages import Audio, Frame, Source

_QUARTER_TURN_DEG = 90.0
_LEAST_ASPECT, _MOST_ASPECT = 0.25, 4.0
"""Pixel aspects outside this range come from a damaged header (the extremes in use are about 8:15 and 64:27)."""
_FLIPS = {"horizontal": 1, "vertical": 0}
"""OpenCV's codes."""
_STILL_S = 5.0
"""Camera noise makes all frames differ; a codec repeats a whole frame until the next key frame in a still scene."""
_FEW_WITHIN_S, _FEW_FROM_S = 5.0, 2.0
"""Frames are counted over the last seconds, as soon as the second number of seconds is known."""
_LEAST_GAPS = 3
"""The last gaps that are always counted, even of a slow camera."""
_MOST_GAP_S = 1.0
"""Longer gaps count as this: one gap in a recording does not make a slow camera."""
_LEAST_SHARE = 0.5
"""Share of the last `_FEW_WITHIN_S` with frames near enough to judge eyelids (`fatigue.least_valid_ratio`)."""
_POOR_S = 5.0
"""Covered or out of focus for this long: a passing hand and an autofocus take less."""
_GOOD_S = 10.0
"""A fault ends after this long without it; otherwise each headlight that passes a dark bus would be reported."""
_LEAST_CONTRAST = 6.0
"""Standard deviation of grey levels, 0 to 255, over areas of a fortieth of the width: 24 and more in the 16 clips of
the shared data, 0 in the black picture of one, below 4 with a hand or tape on a lens."""
_LEAST_SHARPNESS = 0.007
"""Variance of the Laplacian over that of the grey levels at 320 px of width: 0.016 and more in those clips, 0.007 and
less when they are blurred by 5 px of 640, at which no lid can be read."""
_BACK_S = 0.5
"""Timestamps that go back further begin a new part of the file; less is disorder in a damaged file."""
_HOLE_S = 3600.0
"""Gaps up to this count as time that passed; a longer gap means another clock."""
_WIDTH_PX = 320
_STRIDE = 8
_STILL = Sentence("picture_still")
_COVERED = Sentence("picture_covered")
_UNFOCUSED = Sentence("picture_unfocused")
_Item = TypeVar("_Item", bound=Frame | Audio | Source)


@dataclass(slots=True)
class _StreamPlace:
    """The position of one stream."""

    part: int
    """The part of the file that it has reached."""
    raw_s: float
    """Its last timestamp as written in the file."""
    lag_s: float
    """How much later than the file it began (earlier, where decoding runs ahead); joined parts begin alike."""


class MediaClock:
    """Shifts the timestamps of each part of a file behind the part before, equally for all its streams.

    Packets come in the order of the file. The first stream whose timestamps jump begins a new part, which starts at the
    end of the last part. The others follow with their own jump, so video and audio stay together.
    """

    def __init__(self, start_s: float) -> None:
        """`start_s` is the file's first timestamp, which becomes 0."""
        self._shifts_s = [-start_s]
        self._lines: dict[int, _StreamPlace] = {}
        self._reached_s = 0.0

    @property
    def parts(self) -> int:
        """How many parts there were so far."""
        return len(self._shifts_s)

    def shift_s(self, stream: int, raw_s: float, length_s: float) -> float:
        """The shift in seconds of a packet of `stream` that begins at `raw_s` and lasts `length_s`."""
        line = self._lines.get(stream)
        if line is None:
            line = self._lines[stream] = self._first(raw_s)
        elif not -_BACK_S <= raw_s - line.raw_s <= _HOLE_S:
            self._enter(line, raw_s)
        line.raw_s = raw_s
        shift_s = self._shifts_s[line.part]
        self._reached_s = max(self._reached_s, raw_s + shift_s + length_s)
        return shift_s

    def _first(self, raw_s: float) -> _StreamPlace:
        """A stream that counts from another zero than the file (the wall clock) begins its own part."""
        for part, shift_s in enumerate(self._shifts_s):
            if -_HOLE_S <= raw_s + shift_s <= self._reached_s + _HOLE_S:
                return _StreamPlace(part, raw_s, raw_s + shift_s if part == 0 else 0.0)
        self._shifts_s.append(-raw_s)
        return _StreamPlace(len(self._shifts_s) - 1, raw_s, 0.0)

    def _enter(self, line: _StreamPlace, raw_s: float) -> None:
        behind_s = line.raw_s + self._shifts_s[line.part]
        for part in range(line.part + 1, self.parts):
            if -_BACK_S <= raw_s + self._shifts_s[part] - behind_s <= _HOLE_S:
                line.part = part
                return
        self._shifts_s.append(self._reached_s + line.lag_s - raw_s)
        line.part = self.parts - 1


class View:
    """How a camera is mounted: turns and flips its image so that a person in front of it stands upright."""

    def __init__(self, config: CameraConfig) -> None:
        self.pixel_aspect = config.pixel_aspect
        """Width of a pixel over its height, for streams that do not declare it or do so wrongly; None: as declared."""
        self._quarters = round(config.rotate / _QUARTER_TURN_DEG)
        self._flip = None if config.flip is None else _FLIPS[config.flip]

    def applied(self, image: Image) -> Image:
        """`image` (height, width, 3), turned clockwise, then flipped."""
        if self._quarters:
            image = np.ascontiguousarray(np.rot90(image, -self._quarters))
        return image if self._flip is None else np.asarray(cv2.flip(image, self._flip), np.uint8)


class FrameDecoder:
    """Converts the frames of one stream and numbers them."""

    def __init__(self, interval_s: float, view: View | None = None) -> None:
        """`interval_s` replaces missing timestamps and those that do not rise (damaged files)."""
        self._interval_s, self._view = interval_s, view
        self._last_s: float | None = None
        self._count = 0
        self._converter = VideoReformatter()  # kept: creating one costs three times as much as one frame

    def push(self, picture: av.VideoFrame, measured_s: float | None, aspect: Fraction | None = None) -> Frame:
        """Convert one frame that was taken at `measured_s`; `aspect` is the pixel aspect that the stream declares."""
        t_s = measured_s
        if self._last_s is not None and (t_s is None or t_s <= self._last_s):
            t_s = self._last_s + self._interval_s
        frame = Frame(t_s if t_s is not None else 0.0, self._upright(picture, aspect), self._count)
        self._last_s, self._count = frame.t_s, self._count + 1
        return frame

    def _upright(self, picture: av.VideoFrame, aspect: Fraction | None) -> Image:
        """The image as (height, width, 3) BGR, turned by its rotation metadata (phones film sideways)."""
        width, height = square_pixels(picture.width, picture.height, self._aspect(aspect))
        converted = self._converter.reformat(picture, width, height, format="bgr24")
        image: Image = converted.to_ndarray().astype(np.uint8, copy=False)
        turns = round(picture.rotation / _QUARTER_TURN_DEG) % 4
        image = np.ascontiguousarray(np.rot90(image, turns)) if turns else image
        return self._view.applied(image) if self._view else image

    def _aspect(self, declared: Fraction | None) -> float:
        if self._view and self._view.pixel_aspect is not None:
            return self._view.pixel_aspect
        return float(declared) if declared and _LEAST_ASPECT <= declared <= _MOST_ASPECT else 1.0


def square_pixels(width: int, height: int, aspect: float) -> tuple[int, int]:
    """The size of the image in square pixels: the side with fewer pixels grows, so that all detail is kept."""
    return (round(width * aspect), height) if aspect >= 1.0 else (width, round(height / aspect))


class FrameWatch:
    """Checks frames: reports `camera` lost with the reason, and ok when the fault is over."""

    def __init__(self) -> None:
        self._reported = ""
        self.begin()

    def begin(self) -> None:
        """Forget everything, as when the camera was opened or lost."""
        self._last_s: float | None = None
        self._digest, self._same_s = 0, 0.0
        self._gaps: list[tuple[float, float]] = []
        self._looked_s = self._poor_s = 0.0
        self._poor = self._moved = ""
        self._scene = ViewWatch()
        self._well_s: float | None = None

    def step(self, frame: Frame) -> list[Source]:
        """Handle one frame."""
        reason = self._count(frame) or self._compare(frame) or self._look(frame)
        self._last_s = frame.t_s
        if reason:
            self._well_s = None
            return self._report(frame.t_s, reason)
        self._well_s = frame.t_s if self._well_s is None else self._well_s
        over = bool(self._reported) and frame.t_s - self._well_s >= _GOOD_S
        return self._report(frame.t_s, "") if over else []

    @property
    def still(self) -> bool:
        """Whether the last frame was a repetition, which shows no new state of a person."""
        return self._last_s is not None and self._last_s - self._same_s >= _STILL_S

    def superseded(self) -> None:
        """Another part has reported the state of the camera since."""
        self._reported = ""
        self.begin()

    def _report(self, t_s: float, reason: str) -> list[Source]:
        what = reason.code if isinstance(reason, Sentence) else reason
        if what == self._reported:
            return []
        self._reported = what
        return [Source(t_s, "camera", "lost", reason) if reason else Source(t_s, "camera", "ok")]

    def _count(self, frame: Frame) -> str:
        """Check by the gaps whether enough frames arrive."""
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
        """Check whether the frame is identical to the last one."""
        digest = zlib.crc32(frame.image[::_STRIDE, ::_STRIDE].tobytes())
        if digest != self._digest or self._last_s is None:
            self._digest, self._same_s = digest, frame.t_s
        return _STILL if frame.t_s - self._same_s >= _STILL_S else ""

    def _look(self, frame: Frame) -> str:
        """Check at intervals whether the image is covered, blurred, or of another view."""
        if self._last_s is None or frame.t_s - self._looked_s >= LOOK_S:
            poor = _poor(frame.image)
            if poor != self._poor:
                self._poor, self._poor_s = poor, frame.t_s
            self._looked_s = frame.t_s
            self._moved = "" if poor else self._scene.step(frame.t_s, frame.image)
        return (self._poor if frame.t_s - self._poor_s >= _POOR_S else "") or self._moved


def watched(items: Iterable[_Item], watch: FrameWatch) -> Iterator[_Item | Source]:
    """The items of a camera, each frame after the faults that it shows; repeated frames are left out."""
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
