"""Real images for calibration, parity and golden inputs: a public-domain portrait in many views.

The portrait is NASA's of Eileen Collins, which scikit-image carries in its wheel. It is one person who looks into the
camera with open eyes; results on it do not prove the same for others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data

from edge.vision.crop import Crop, Image

FACE = Crop(x_px=225.1, y_px=123.2, side_px=160.6, angle_rad=0.051)
"""The face in the portrait, as the mesh crops it (measured with `edge.vision.mesh`)."""
RIGHT_EYE = Crop(x_px=203.8, y_px=102.5, side_px=44.7, angle_rad=0.146)
LEFT_EYE = Crop(x_px=246.9, y_px=104.7, side_px=45.4, angle_rad=-0.043, mirrored=True)
"""The eyes, as the iris model's crops (measured with `edge.vision.iris`)."""
SOURCE = "scikit-image's data/astronaut.png (NASA, public domain)"

_SHIFT, _SCALE, _ANGLE_RAD = 0.08, (0.85, 1.3), 0.35
"""Shift and change of size as shares of the crop's side, and turn, each in both directions: errors of a tracker that
follows a moving head."""
_GAMMA, _NOISE, _GREY = (0.5, 2.2), 12.0, 0.3
"""Bright to dark; standard deviation in grey levels; share of pictures without colour, as an infra-red camera's."""


_SQUEEZE = (0.25, 1.0)
"""Height left."""
_LFW_FACES = 100
"""The first half of that file; the rest are images without a face."""


def views(crop: Crop, output_px: int, count: int, seed: int) -> list[Image]:
    """`count` different images (output_px, output_px, 3), BGR, around `crop` of the portrait."""
    portrait = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
    random = np.random.default_rng(seed)
    return [_relight(_moved(crop, random).cut(portrait, output_px), random) for _ in range(count)]


def squeezed(pictures: list[Image], seed: int) -> list[Image]:
    """The images squeezed vertically towards their middle, each by its own share: eyes as if their lids were
    closing.
    """
    random = np.random.default_rng(seed)
    flat = []
    for picture in pictures:
        height, width = picture.shape[:2]
        share = random.uniform(*_SQUEEZE)
        matrix = np.array([[1.0, 0.0, 0.0], [0.0, share, (1.0 - share) * height / 2]])
        flat.append(np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)))
    return flat


def without_faces() -> list[Image]:
    """Photographs (BGR) without people: a cat, a cup, a rocket, a motorcycle."""
    found = (skimage.data.chelsea, skimage.data.coffee, skimage.data.rocket, skimage.data.stereo_motorcycle)
    pictures = [load() for load in found]
    return [np.ascontiguousarray((part[0] if isinstance(part, tuple) else part)[..., ::-1]) for part in pictures]


def many_faces() -> list[Image]:
    """Faces of a hundred people, 25 x 25 px each, grey: the faces of scikit-image's sample of Labeled Faces in the
    Wild.
    """
    faces = skimage.data.lfw_subset()[:_LFW_FACES]
    return [np.rint(255.0 * face).astype(np.uint8) for face in faces]


def _moved(crop: Crop, random: np.random.Generator) -> Crop:
    dx, dy = random.uniform(-_SHIFT, _SHIFT, 2) * crop.side_px
    return replace(
        crop,
        x_px=crop.x_px + dx,
        y_px=crop.y_px + dy,
        side_px=crop.side_px * random.uniform(*_SCALE),
        angle_rad=crop.angle_rad + random.uniform(-_ANGLE_RAD, _ANGLE_RAD),
    )


def _relight(picture: Image, random: np.random.Generator) -> Image:
    light: npt.NDArray[Any] = 255.0 * (picture / 255.0) ** random.uniform(*_GAMMA)
    if random.random() < _GREY:
        light = np.repeat(cv2.cvtColor(light.astype(np.float32), cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    light = light + random.normal(0.0, random.uniform(0.0, _NOISE), picture.shape)
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)
