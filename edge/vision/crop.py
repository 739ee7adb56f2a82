"""Square, rotated crops of a frame, and the way back from a crop's coordinates to the frame's."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.messages import Float32

Image = npt.NDArray[np.uint8]

_MAX_OVERSAMPLING = 4
"""A crop is sampled at up to four times its output and averaged down, so that a large face does not alias."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of the frame around (`x_px`, `y_px`), turned clockwise on the screen by `angle_rad`.

    Coordinates are continuous: the centre of the frame's first pixel is (0.5, 0.5). `mirrored` flips the output
    left to right, as the iris model wants the left eye.
    """

    x_px: float
    y_px: float
    side_px: float
    angle_rad: float = 0.0
    mirrored: bool = False

    def cut(self, image: Image, output_px: int) -> Image:
        """The crop as (output_px, output_px, 3); what lies outside the frame repeats the frame's border."""
        sampled_px = output_px * max(1, min(_MAX_OVERSAMPLING, int(self.side_px / output_px)))
        matrix = self._to_crop(sampled_px)
        matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5  # warpAffine counts from pixel centres
        cut = cv2.warpAffine(image, matrix, (sampled_px, sampled_px), borderMode=cv2.BORDER_REPLICATE)
        if sampled_px != output_px:
            cut = cv2.resize(cut, (output_px, output_px), interpolation=cv2.INTER_AREA)
        return np.asarray(cut, np.uint8)

    def to_frame(self, points: Float32, output_px: int) -> Float32:
        """Points (n, 2) or (n, 3) in px of the crop's output, as points of the frame; depth is scaled alike."""
        matrix = self._to_crop(output_px)
        inverse = np.linalg.inv(matrix[:, :2])
        placed = points.astype(np.float32, copy=True)
        placed[:, :2] = (points[:, :2] - matrix[:, 2]) @ inverse.T
        placed[:, 2:] *= self.side_px / output_px
        return placed

    def _to_crop(self, output_px: int) -> npt.NDArray[np.float64]:
        scale = output_px / self.side_px
        cosine, sine = scale * np.cos(self.angle_rad), scale * np.sin(self.angle_rad)
        linear = np.array([[cosine, sine], [-sine, cosine]])
        if self.mirrored:
            linear[0] *= -1.0
        offset = output_px / 2 - linear @ (self.x_px, self.y_px)
        return np.column_stack([linear, offset])


def angle_between(start: Float32, end: Float32) -> float:
    """The angle in radians of the line from `start` to `end` (x, y), clockwise on the screen."""
    return float(np.arctan2(end[1] - start[1], end[0] - start[0]))


def unit_rgb(crops: list[Image]) -> Float32:
    """BGR crops of one size as one batch (n, height, width, 3): RGB, 0..1."""
    return np.asarray(np.stack(crops)[..., ::-1].astype(np.float32) / np.float32(255), np.float32)
