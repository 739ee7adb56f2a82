"""Eyes cut out of images and clips with a clear licence, each with its eyelids, for training `eye_state`.

Left out on purpose: the clips on which the eyes are judged (blinks, drivers), and every set whose licence is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.messages import Float32, Frame
from edge.vision.crop import Crop, Image
from edge.vision.detector import FaceDetector
from edge.vision.geometry import LEAST_FACING, facing
from edge.vision.iris import INPUT_PX, Eye, EyeModel, eye_crops
from edge.vision.mesh import FaceMesh, Mesh

FACES = "faces_expression.npz"
CLIPS = ("grid", "talking", "expressive", "facelost")
LICENCES = {
    FACES: "repository Apache-2.0",
    "grid": "CC BY 4.0 (GRID corpus)",
    "talking": "repository Apache-2.0",
    "expressive": "MIT",
    "facelost": "MIT",
}
"""The shipped net is trained only on these."""
EVERY = 3
"""Every how many frames of a clip one is used."""
PATCH_PX = 96
"""Side of a stored eye at the scale of the iris model's crop: 1.5 times as wide, so that it can be shifted."""
MARGIN_PX = (PATCH_PX - INPUT_PX) // 2


@dataclass(frozen=True, slots=True)
class EyePictures:
    """`patch` (n, PATCH_PX, PATCH_PX) grey; `lids` (n, 16, 2) in px of it, as `Eye.lids`; `gap` (n,) as `lid_gap`."""

    patch: npt.NDArray[np.uint8]
    lids: Float32
    gap: Float32
    source: npt.NDArray[np.str_]


class EyeCutter:
    """Cuts the eyes of the one face in a picture."""

    def __init__(self, bundle: Bundle) -> None:
        self._detector, self._mesh, self._eyes = FaceDetector(bundle), FaceMesh(bundle), EyeModel(bundle)

    def cut(self, image: Image) -> list[tuple[Image, Eye]]:
        """The (patch, eye) of each eye of `image` (BGR) that faces the camera; empty without a certain face."""
        mesh = self._locate(image)
        if mesh is None:
            return []
        crops = eye_crops(mesh)
        eyes = self._eyes.read(image, [mesh])[0]
        wide = [replace(crop, side_px=crop.side_px * PATCH_PX / INPUT_PX) for crop in crops]
        seen = facing(mesh.points)
        found = zip(wide, eyes, seen, strict=True)
        return [(crop.cut(image, PATCH_PX), eye) for crop, eye, share in found if share >= LEAST_FACING]

    def _locate(self, image: Image) -> Mesh | None:
        height, width = image.shape[:2]
        found = [item.crop for item in self._detector.detect(image)[:1]]
        mesh = self._mesh.locate(image, found or [Crop(width / 2, height / 2, max(width, height))])[0]
        mesh = self._mesh.locate(image, [mesh.next_crop()])[0]
        return mesh if mesh.certain else None


def face_pictures(data: Path) -> Iterator[tuple[str, Image]]:
    """(source, image) of every face of the set of faces under `data`."""
    for grey in np.load(data / FACES)["image"]:
        yield FACES, np.dstack([grey] * 3)


def clip_pictures(data: Path, names: Iterable[str]) -> Iterator[tuple[str, Image]]:
    """(source, picture) of every `EVERY`-th frame of the clips in the folders `names`."""
    for name in names:
        for clip in sorted((data / "clips" / name).iterdir()):
            frames = (item for item in MediaFile(clip).read() if isinstance(item, Frame))
            for number, frame in enumerate(frames):
                if number % EVERY == 0:
                    yield name, frame.image


def collect(bundle: Bundle, pictures: Iterable[tuple[str, Image]]) -> EyePictures:
    """All eyes of `pictures` (source, BGR)."""
    cutter = EyeCutter(bundle)
    patches, lids, gaps, sources = [], [], [], []
    for source, picture in pictures:
        for patch, eye in cutter.cut(picture):
            patches.append(patch.mean(axis=2).astype(np.uint8))
            lids.append(eye.lids + MARGIN_PX)
            gaps.append(eye.lid_gap)
            sources.append(source)
    return EyePictures(np.stack(patches), np.stack(lids), np.array(gaps, np.float32), np.array(sources))
