"""Square, rotated crops of a frame, and the way back from a crop's coordinates to the frame's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.messages import Float32

Image = npt.NDArray[np.uint8]
_UNIT = np.float32(1 / 255)


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of the frame around (`x_px`, `y_px`), turned clockwise on the screen by `angle_rad`.

    Coordinates are continuous: the centre of the frame's first pixel is (0.5, 0.5). `mirrored` flips the output left to
    right, as the iris model needs the left eye.
    """

    x_px: float
    y_px: float
    side_px: float
    angle_rad: float = 0.0
    mirrored: bool = False

    def cut(self, image: Image, output_px: int) -> Image:
        """The crop as (output_px, output_px, 3); outside the frame the frame's border is repeated.

        A crop of at least twice the output is halved first, as often as possible, so that it does not alias.
        """
        (a, b, x), (c, d, y) = self._to_crop(output_px)
        shrink = halvings(self.side_px / output_px)
        part, left, top = self._shrunk(image, shrink)
        x, y = x + a * left + b * top, y + c * left + d * top
        a, b, c, d = a * shrink, b * shrink, c * shrink, d * shrink
        x, y = x + (a + b) / 2 - 0.5, y + (c + d) / 2 - 0.5  # warpAffine counts from pixel centres
        matrix = np.array([[a, b, x], [c, d, y]])
        turned = cv2.warpAffine(part, matrix, (output_px, output_px), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.cvtColor(turned, cv2.COLOR_BGRA2BGR), np.uint8)

    def _shrunk(self, image: Image, factor: int) -> tuple[Image, int, int]:
        """The part of the frame that holds the crop, averaged down, and the frame's x and y of its corner.

        BGRA, because OpenCV turns four channels in half the time of three (0.09 against 0.22 ms for 192 px, the same
        values). It is a copy and not a view: a turned crop jumps from row to row, and reads a copy just written in half
        the time of a frame that is new in memory (0.46 against 0.95 ms for 370 px of 700).
        """
        reach = self.side_px / 2 * (abs(math.cos(self.angle_rad)) + abs(math.sin(self.angle_rad))) + factor
        left, right = _within(self.x_px - reach, self.x_px + reach, image.shape[1], factor)
        top, bottom = _within(self.y_px - reach, self.y_px + reach, image.shape[0], factor)
        part = image[top:bottom, left:right]
        return np.asarray(cv2.cvtColor(halved(part, factor), cv2.COLOR_BGR2BGRA), np.uint8), left, top

    def to_frame(self, points: Float32, output_px: int) -> Float32:
        """Points (n, 2) or (n, 3) in px of the crop's output, as points of the frame; depth is scaled alike."""
        (a, b, x), (c, d, y) = self._to_crop(output_px)
        scale = self.side_px / output_px
        (a, b, c, d) = (factor * scale**2 for factor in (a, b, c, d))  # a turn and a scale: its transpose undoes it
        back = np.array([[a, b, 0.0], [c, d, 0.0], [0.0, 0.0, scale]], np.float32)
        origin = np.array([-a * x - c * y, -b * x - d * y, 0.0], np.float32)
        size = points.shape[1]
        return np.asarray(points @ back[:size, :size] + origin[:size], np.float32)

    def _to_crop(self, output_px: int) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """The rows of the matrix that takes a point of the frame into the output."""
        scale = output_px / self.side_px
        cosine, sine = scale * math.cos(self.angle_rad), scale * math.sin(self.angle_rad)
        middle, sign = output_px / 2, -1.0 if self.mirrored else 1.0
        return (
            (sign * cosine, sign * sine, middle - sign * (cosine * self.x_px + sine * self.y_px)),
            (-sine, cosine, middle - (cosine * self.y_px - sine * self.x_px)),
        )


def _within(start: float, end: float, length: int, least: int) -> tuple[int, int]:
    """The range cut to 0..length, at least `least` wide wherever it lies."""
    first = min(max(0, int(start)), max(0, length - least))
    return first, max(min(length, int(end) + 1), min(length, first + least))


def halvings(ratio: float) -> int:
    """The largest power of two that `ratio` holds, at least 1."""
    return 1 << max(0, int(ratio).bit_length() - 1)


def halved(image: Image, factor: int) -> Image:
    """`image` averaged down by `factor`, a power of two; a rest beyond a whole multiple of it is left out.

    Halving again and again takes OpenCV a fifth of the time of one step by 3 (0.2 of 1.1 ms for 600 x 600 px).
    """
    height, width = (length // factor * factor for length in image.shape[:2])
    image = image[:height, :width]
    while factor > 1:
        factor //= 2
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
    return image


def angle_between(start: Float32, end: Float32) -> float:
    """The angle in radians of the line from `start` to `end` (x, y), clockwise on the screen."""
    return math.atan2(end[1] - start[1], end[0] - start[0])


def unit_rgb(crops: list[Image]) -> Float32:
    """BGR crops of one size as one batch (n, 3, height, width): RGB, 0..1, channels first.

    This needs no transposition, which takes onnxruntime 0.2 of the mesh's 2.3 ms. OpenCV's `blobFromImages` takes 1.5
    times as long for the same values.
    """
    height, width = crops[0].shape[:2]
    batch = np.empty((len(crops), 3, height, width), np.float32)
    for place, crop in enumerate(crops):
        for channel, plane in zip((2, 1, 0), cv2.split(crop), strict=True):
            np.multiply(plane, _UNIT, out=batch[place, channel], dtype=np.float32)
    return batch
