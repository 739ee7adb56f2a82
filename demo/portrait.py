"""The portrait that the demo animates: the picture, and where on it the models see lids, lips and head."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import skimage.data

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from edge.vision.crop import Image
from edge.vision.detector import FaceDetector
from edge.vision.iris import INPUT_PX, Eye, EyeModel
from edge.vision.mesh import FaceMesh

WIDTH_PX, HEIGHT_PX = 640, 480
TOP_PX = 60
"""Rows above the visible picture: what a sinking head uncovers."""
_SCALE = 2.6
"""Makes the face 250 px wide."""
_LEFT_PX, _UPPER_PX = 103, 17
"""Corner of the visible part in the original of 512 x 512 px."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """`image` is BGR, (HEIGHT_PX + TOP_PX, WIDTH_PX, 3); all points are px of it."""

    image: Image
    points: Float32
    """(468, 3): the face mesh."""
    lids: tuple[Float32, Float32]
    """Right and left eye, (16, 2) each, in the order of `edge.vision.iris.Eye.lids`."""


def load_portrait(bundle: Bundle) -> Portrait:
    """Eileen Collins by NASA (1993, public domain; `skimage.data.astronaut`), enlarged, with its landmarks."""
    original = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
    matrix = np.array([[_SCALE, 0, -_LEFT_PX * _SCALE], [0, _SCALE, TOP_PX - _UPPER_PX * _SCALE]])
    size = (WIDTH_PX, HEIGHT_PX + TOP_PX)
    warped = cv2.warpAffine(original, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    image = np.asarray(warped, np.uint8)
    mesh_model = FaceMesh(bundle)
    mesh = mesh_model.locate(image, [FaceDetector(bundle).detect(image)[0].crop])[0]
    mesh = mesh_model.locate(image, [mesh.next_crop()])[0]
    right, left = EyeModel(bundle).read(image, [mesh])[0]
    return Portrait(image, mesh.points, (_lids(right), _lids(left)))


def _lids(eye: Eye) -> Float32:
    return eye.crop.to_frame(eye.lids, INPUT_PX)
