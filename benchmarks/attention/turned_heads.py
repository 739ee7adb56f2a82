"""The error of measured angles: real images with heads turned in 3-D and irises moved by known amounts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.spatial import Delaunay

from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.messages import Float32, Frame
from edge.vision.crop import Image
from edge.vision.detector import FaceSearch
from edge.vision.geometry import HeadPose, facing, gaze, head_pose
from edge.vision.iris import Eye, EyeModel
from edge.vision.mesh import FaceMesh, Mesh

HEAD_TURNS_DEG = (
    (-45, 0),
    (-30, 0),
    (-15, 0),
    (15, 0),
    (30, 0),
    (45, 0),
    (0, -20),
    (0, -10),
    (0, 10),
    (0, 20),
    (0, 30),
)
EYE_TURNS_DEG = ((-30, 0), (-20, 0), (-10, 0), (10, 0), (20, 0), (30, 0), (0, -10), (0, 10), (0, 20))
"""Yaw and pitch of each turn."""
_FRONTAL_DEG = 12.0
_LEAST_WIDTH_PX = 90.0
_FRAMES = 90
_EYEBALL = 0.35
"""From the eyeball's centre to the iris over the eye's width, as in `edge.vision.geometry`."""
_BACK = 0.6
"""How far behind the face, in its widths, the rest of the picture lies."""


class Reader:
    """The vision models of one bundle, picture by picture."""

    def __init__(self, bundle: Bundle) -> None:
        self._search, self._mesh, self.eyes = FaceSearch(bundle), FaceMesh(bundle), EyeModel(bundle)

    def read(self, image: Image) -> Mesh | None:
        """The largest face, its mesh placed twice as it is from frame to frame."""
        found = max(self._search.look(image), key=lambda item: item.box[2], default=None)
        if found is None:
            return None
        (mesh,) = self._mesh.locate(image, [found.crop])
        (mesh,) = self._mesh.locate(image, [mesh.next_crop()])
        return mesh if mesh.present else None


def measured(bundle_folder: Path, data: Path) -> dict[str, Any]:
    """Errors of head and eyes over every person of `data/drivers/truth.json` who faces the camera once."""
    reader = Reader(Bundle(bundle_folder))
    heads: dict[tuple[int, int], list[float]] = {turn: [] for turn in HEAD_TURNS_DEG}
    eyes: dict[tuple[int, int], list[float]] = {turn: [] for turn in EYE_TURNS_DEG}
    people = 0
    for image, mesh in frontal_faces(reader, data):
        people += 1
        before = head_pose(mesh.points)
        for turn in HEAD_TURNS_DEG:
            after = reader.read(turned(image, mesh.points, *turn))
            if after is not None:
                heads[turn].append(_error_deg(turn, before, head_pose(after.points)))
        for turn, error_deg in _eye_errors(reader, image, mesh):
            eyes[turn].append(error_deg)
    return {"people": people, "heads": _rows(heads), "eyes": _rows(eyes)}


def frontal_faces(reader: Reader, data: Path) -> Iterator[tuple[Image, Mesh]]:
    """One picture a person, the first that faces the camera."""
    clips = json.loads((data / "drivers" / "truth.json").read_text(encoding="utf-8"))["clips"]
    done: set[str] = set()
    for clip in clips.values():
        if clip["person"] in done:
            continue
        for frame in MediaFile(data / clip["path"]).read():
            if not isinstance(frame, Frame) or frame.index % 5:
                continue
            if frame.index > _FRAMES:
                break
            mesh = reader.read(frame.image)
            pose = head_pose(mesh.points) if mesh is not None else HeadPose(90, 90, 0)
            wide = mesh is not None and mesh.box()[2] >= _LEAST_WIDTH_PX
            if mesh is not None and wide and max(abs(pose.yaw_deg), abs(pose.pitch_deg)) <= _FRONTAL_DEG:
                done.add(clip["person"])
                yield frame.image, mesh
                break


def turned(image: Image, points: Float32, yaw_deg: float, pitch_deg: float) -> Image:
    """The picture with its head turned in space; what lies around the face turns with it, farther back."""
    width = float(np.ptp(points[:, 0]))
    middle = points.mean(axis=0) + np.array((0, 0, _BACK * width / 2))
    around = _around(points, width)
    corners = np.concatenate([points, around]).astype(np.float64)
    moved = (corners - middle) @ _rotation(yaw_deg, pitch_deg).T + middle
    triangles = Delaunay(corners[:, :2]).simplices
    depth = moved[triangles, 2].mean(axis=1)
    picture = np.full_like(image, int(image.mean()))
    for triangle in triangles[np.argsort(-depth)]:
        _lay(picture, image, corners[triangle, :2], moved[triangle, :2])
    return picture


def _around(points: Float32, width: float) -> Float32:
    (x0, y0), (x1, y1) = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    steps = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    depth = float(points[:, 2].max()) + 0.15 * width
    rings = [
        np.stack([x + k * (x1 - x0) * np.cos(steps), y + k * (y1 - y0) * np.sin(steps), np.full(24, d)], axis=1)
        for k, d in ((0.72, depth), (1.3, depth + _BACK * width))
    ]
    return np.concatenate(rings).astype(np.float32)


def _rotation(yaw_deg: float, pitch_deg: float) -> np.ndarray:
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    across = np.array([[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]])
    down = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    return down @ across


def _lay(picture: Image, image: Image, source: np.ndarray, target: np.ndarray) -> None:
    """One triangle of the picture, where it lies after the turn; not those whose back is seen."""
    if _area(source) * _area(target) <= 0:
        return
    low = np.floor(target.min(axis=0)).astype(int)
    high = np.ceil(target.max(axis=0)).astype(int) + 1
    low, high = np.maximum(low, 0), np.minimum(high, (picture.shape[1], picture.shape[0]))
    if (high <= low).any():
        return
    matrix = cv2.getAffineTransform(source.astype(np.float32), (target - low).astype(np.float32))
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    part = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(size[::-1], np.uint8)
    cv2.fillConvexPoly(mask, np.round(target - low).astype(np.int32), 1)
    where = picture[low[1] : high[1], low[0] : high[0]]
    where[mask > 0] = part[mask > 0]


def _area(triangle: np.ndarray) -> float:
    (ax, ay), (bx, by), (cx, cy) = triangle
    return float((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))


def _error_deg(turn: tuple[int, int], before: HeadPose, after: HeadPose) -> float:
    """Of the angle that was turned."""
    yaw, pitch = after.yaw_deg - before.yaw_deg, after.pitch_deg - before.pitch_deg
    return yaw - turn[0] if turn[0] else pitch - turn[1]


def _eye_errors(reader: Reader, image: Image, mesh: Mesh) -> Iterator[tuple[tuple[int, int], float]]:
    (pair,) = reader.eyes.read(image, [mesh])
    if min(eye.lid_gap for eye in pair) < 0.2:
        return
    pose, seen = head_pose(mesh.points), facing(mesh.points)
    before = gaze(pair, seen, pose)
    for turn in EYE_TURNS_DEG:
        pictures = [_moved(eye, turn, mirrored=bool(index)) for index, eye in enumerate(pair)]
        right, left = reader.eyes.read_crops(pictures, [eye.crop for eye in pair])
        after = gaze((right, left), seen, pose)
        if before is not None and after is not None:
            yield turn, _error_deg(turn, replace(pose, **_angles(before)), replace(pose, **_angles(after)))


def _angles(look: Any) -> dict[str, float]:
    return {"yaw_deg": look.yaw_deg, "pitch_deg": look.pitch_deg}


def _moved(eye: Eye, turn: tuple[int, int], mirrored: bool) -> Image:
    """The eye's crop with its iris moved as a turned eyeball moves it, under the same lids."""
    width = float(np.linalg.norm(eye.lids[8] - eye.lids[0]))
    sign = -1.0 if mirrored else 1.0
    shift = _EYEBALL * width * np.sin(np.radians((sign * turn[0], turn[1])))
    centre = eye.iris[0]
    radius = float(np.mean(np.linalg.norm(eye.iris[1:] - centre, axis=1)))
    opening = np.zeros(eye.picture.shape[:2], np.uint8)
    cv2.fillPoly(opening, [np.round(np.concatenate([eye.lids[:9], eye.lids[:8:-1]])).astype(np.int32)], 1)
    disc = np.zeros_like(opening)
    cv2.circle(disc, tuple(round(v) for v in centre.tolist()), round(radius + 1), 1, -1)
    white = cv2.inpaint(eye.picture, disc * opening, 3, cv2.INPAINT_TELEA)
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    size = opening.shape[::-1]
    there = cv2.warpAffine(disc, matrix, size) * opening
    iris = cv2.warpAffine(_whole_iris(eye.picture, disc, opening), matrix, size)
    soft = cv2.GaussianBlur(there.astype(np.float32), (3, 3), 0)[..., None]
    return np.asarray(white * (1 - soft) + iris * soft, np.uint8)


def _whole_iris(picture: Image, disc: np.ndarray, opening: np.ndarray) -> Image:
    """The iris with what the lids cover filled in from what is seen of it."""
    hidden = cv2.dilate(((disc > 0) & (opening == 0)).astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.inpaint(picture, hidden, 2, cv2.INPAINT_TELEA), np.uint8)


def _rows(found: dict[tuple[int, int], list[float]]) -> list[dict[str, Any]]:
    rows = []
    for turn, errors in found.items():
        low, middle, high = (round(float(value), 1) for value in np.quantile(errors, (0.1, 0.5, 0.9)))
        rows.append({"yaw_deg": turn[0], "pitch_deg": turn[1], "faces": len(errors), "error_deg": [middle, low, high]})
    return rows
