"""Faces of FER+ as the box would cut them, and views as other cameras might give them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from rich.progress import track

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from edge.vision.crop import Crop
from edge.vision.mesh import FaceMesh
from edge.vision.perception import EXPRESSION_SIDE
from training.heads.expression_net import INPUT_PX, LABELS, NET_PX

Grey = npt.NDArray[np.uint8]

VOTED = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
"""Columns of votes.csv; the first seven are `LABELS`."""
_ENLARGED = 4
_WHOLE, _GUESSED = 1.28, 1.35
"""Side of the mesh's crop over that of the image: at first, and if no face is found."""


@dataclass(frozen=True, slots=True)
class VotedFaces:
    """The training data."""

    image: Grey
    """(n, 64, 64), cut as `edge.vision.perception` does."""
    found: npt.NDArray[np.bool_]
    """Whether the mesh found a face: the box reads only these."""
    votes: npt.NDArray[np.int64]
    """(n, 10), votes of ten people, in the order of `VOTED`."""
    train: npt.NDArray[np.bool_]

    def clear(self) -> npt.NDArray[np.bool_]:
        """The faces for which most people named a class."""
        return self.votes.argmax(axis=1) < VOTED.index("unknown")

    def shares(self) -> Float32:
        """(n, 7): the votes as soft labels, contempt left out."""
        named = self.votes[:, : len(LABELS)].astype(np.float32)
        return np.asarray(named / np.maximum(named.sum(axis=1, keepdims=True), 1), np.float32)


def read_faces(folder: Path, bundle: Bundle) -> VotedFaces:
    """Every image of `folder` (pictures.bin, votes.csv), cut with the bundle's mesh."""
    stored = (folder / "pictures.bin").read_bytes()
    with (folder / "votes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    mesh, images, found = FaceMesh(bundle), [], []
    for row in track(rows, "faces"):
        code = np.frombuffer(stored, np.uint8, int(row["bytes"]), int(row["offset"]))
        image, seen = _cut(mesh, np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8))
        images.append(image)
        found.append(seen)
    votes = np.array([[int(row[name]) for name in VOTED] for row in rows])
    return VotedFaces(np.stack(images), np.array(found), votes, np.array([row["split"] == "train" for row in rows]))


def _cut(mesh: FaceMesh, grey: Grey) -> tuple[Grey, bool]:
    side = _ENLARGED * grey.shape[0]
    large = cv2.cvtColor(cv2.resize(grey, (side, side), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    image = np.asarray(large, np.uint8)
    crop, seen = Crop(side / 2, side / 2, _WHOLE * side), False
    for _ in range(2):
        (placed,) = mesh.locate(image, [crop])
        if not placed.present:
            break
        crop, seen = placed.next_crop(), True
    if not seen:
        crop = Crop(side / 2, side / 2, _GUESSED * side)
    picture = Crop(crop.x_px, crop.y_px, EXPRESSION_SIDE * crop.side_px, crop.angle_rad).cut(image, INPUT_PX)
    return np.ascontiguousarray(picture[..., 0]), seen


def view(picture: Grey, random: np.random.Generator) -> Float32:
    """The middle (48, 48) of `picture`, 0..1, as some camera might see it."""
    middle = (INPUT_PX / 2, INPUT_PX / 2)
    matrix = cv2.getRotationMatrix2D(middle, random.normal(0, 7), np.exp(random.normal(0, 0.08)))
    matrix[:, 2] += (NET_PX - INPUT_PX) / 2 + random.normal(0, 1.6, 2)
    if random.random() < 0.5:
        matrix[0] = (0, 0, NET_PX - 1) - matrix[0]
    seen = cv2.warpAffine(picture, matrix, (NET_PX, NET_PX), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    seen = _optics(seen, random)
    if random.random() < 0.5:
        seen = 255 * (np.clip(seen, 0, 255) / 255) ** random.uniform(0.6, 1.6)
    if random.random() < 0.3:
        across, down = random.normal(0, 0.3, 2)
        place = np.linspace(-0.5, 0.5, NET_PX, dtype=np.float32)
        seen = seen * (1 + across * place[None] + down * place[:, None])
    if random.random() < 0.3:
        seen = seen + random.normal(0, random.uniform(0, 8), seen.shape)
    if random.random() < 0.25:
        width, height = random.integers(6, 20, 2)
        x, y = random.integers(0, NET_PX - width), random.integers(0, NET_PX - height)
        seen[y : y + height, x : x + width] = random.uniform(0, 255)
    return np.asarray(seen / 255, np.float32)


def _optics(seen: Float32, random: np.random.Generator) -> Float32:
    """Fewer pixels, or a lens out of focus."""
    kind = random.random()
    if kind < 0.2:
        small = int(random.integers(14, 40))
        seen = cv2.resize(cv2.resize(seen, (small, small), interpolation=cv2.INTER_AREA), (NET_PX, NET_PX))
    elif kind < 0.3:
        seen = cv2.GaussianBlur(seen, (0, 0), random.uniform(0.5, 1.5))
    return np.asarray(seen, np.float32)
