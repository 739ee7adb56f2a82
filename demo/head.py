"""A drawn head's movement: the picture as a relief, its depth taken from the face mesh, turned about the neck."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import griddata

from demo.portrait import HEIGHT_PX, TOP_PX, WIDTH_PX, Portrait
from edge.messages import Float32
from edge.vision.crop import Image

_BROW, _CHIN, _CHEEKS = 9, 152, (234, 454)
_HAIR = 1.75
"""Width of the head with its hair over the face's."""
_FADE = 0.35
"""Width of the rim in which the movement fades into the still background, over the face's width."""


@dataclass(frozen=True, slots=True)
class HeadMove:
    """How the head differs from the portrait: angles as in `edge.vision.geometry.HeadPose`, shifts right and down."""

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    x_px: float = 0.0
    y_px: float = 0.0


class Head:
    """Moves the head of the portrait."""

    def __init__(self, portrait: Portrait) -> None:
        points = portrait.points
        face_width = float(np.ptp(points[list(_CHEEKS), 0]))
        chin_y = float(points[_CHIN, 1])
        x, y = np.meshgrid(np.arange(WIDTH_PX), np.arange(HEIGHT_PX) + TOP_PX)
        self._x, self._y = x.astype(np.float32), y.astype(np.float32)
        middle_x, middle_y = float(points[list(_CHEEKS), 0].mean()), float(points[_BROW, 1])
        away = np.hypot((x - middle_x) / (_HAIR / 2 * face_width), (y - middle_y) / (chin_y - middle_y))
        rim = np.clip(1.0 - (away - 1.0) / (2 * _FADE), 0.0, 1.0)
        self._share = (rim * rim * (3 - 2 * rim)).astype(np.float32)
        self._across, self._down = self._share * (self._x - middle_x), self._share * (self._y - chin_y)
        self._depth = self._share * _relief(points, self._x, self._y, face_width)

    def draw(self, image: Image, move: HeadMove) -> Image:
        """The visible part of `image` with the head moved, (HEIGHT_PX, WIDTH_PX, 3)."""
        yaw, pitch, roll = (math.radians(angle) for angle in (move.yaw_deg, move.pitch_deg, move.roll_deg))
        share, across, down, depth = self._share, self._across, self._down, self._depth
        shift_x = move.x_px * share + (math.cos(yaw) - 1) * across - math.sin(yaw) * depth - math.sin(roll) * down
        shift_y = move.y_px * share + (math.cos(pitch) - 1) * down - math.sin(pitch) * depth + math.sin(roll) * across
        source = self._x - shift_x, self._y - shift_y
        return np.asarray(cv2.remap(image, *source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _relief(points: Float32, x: Float32, y: Float32, face_width: float) -> Float32:
    """Depth at each pixel in px, 0 at the neck and smaller towards the camera; hair and ears lie behind the face."""
    step = 4
    coarse = (x[::step, ::step], y[::step, ::step])
    inside = griddata(points[:, :2], points[:, 2], coarse, method="linear")
    nearest = griddata(points[:, :2], points[:, 2], coarse, method="nearest")
    depth = np.where(np.isnan(inside), nearest, inside).astype(np.float32)
    depth = cv2.resize(cv2.GaussianBlur(depth, (0, 0), 4), (x.shape[1], x.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(depth - 0.5 * face_width, np.float32)
