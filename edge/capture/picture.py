"""A decoded picture as a `Frame`: BGR, upright, of square pixels, on a time line that only goes forward."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from edge.config.perception import CameraConfig
from edge.messages import Frame

_QUARTER_TURN_DEG = 90.0
_LEAST_ASPECT, _MOST_ASPECT = 0.25, 4.0
"""Pixels narrower or wider than any format has (the extremes in use are 8:15 and 64:27 or so) are a damaged header."""
_FLIPS = {"horizontal": 1, "vertical": 0}
"""OpenCV's codes."""

Image = npt.NDArray[np.uint8]


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


class PictureDecoder:
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
