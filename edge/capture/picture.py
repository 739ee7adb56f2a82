"""A decoded picture as a `Frame`: BGR, upright, on a time line that only goes forward."""

from __future__ import annotations

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from edge.messages import Frame

_QUARTER_TURN_DEG = 90.0


class PictureDecoder:
    """Numbers the pictures of one stream and converts them."""

    def __init__(self, interval_s: float) -> None:
        """`interval_s` stands in where a picture carries no time or one that does not go forward (damaged files)."""
        self._interval_s = interval_s
        self._last_s: float | None = None
        self._count = 0
        self._converter = VideoReformatter()  # kept: making one costs three times what the picture does

    def push(self, picture: av.VideoFrame, measured_s: float | None) -> Frame:
        """Convert one picture that was taken at `measured_s`."""
        t_s = measured_s
        if self._last_s is not None and (t_s is None or t_s <= self._last_s):
            t_s = self._last_s + self._interval_s
        frame = Frame(t_s if t_s is not None else 0.0, self._upright(picture), self._count)
        self._last_s, self._count = frame.t_s, self._count + 1
        return frame

    def _upright(self, picture: av.VideoFrame) -> npt.NDArray[np.uint8]:
        """The picture as (height, width, 3) BGR, turned as its rotation metadata says (phones film sideways)."""
        converted = self._converter.reformat(picture, format="bgr24")
        image: npt.NDArray[np.uint8] = converted.to_ndarray().astype(np.uint8, copy=False)
        turns = round(picture.rotation / _QUARTER_TURN_DEG) % 4
        return np.ascontiguousarray(np.rot90(image, turns)) if turns else image
