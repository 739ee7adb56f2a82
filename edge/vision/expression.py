"""Seven expressions of a face; weak evidence, to be judged against the person's own neutral face."""

from __future__ import annotations

import cv2
import numpy as np

from edge.bundle.bundle import Bundle
from edge.vision.crop import Crop, Image

SIDE = 0.87
"""Side of the picture over that of the mesh's crop; a net may look at its middle only."""


class ExpressionModel:
    """Reads the expression of upright faces; holds no state between frames."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session("expression")
        self._px = int(self._session.input_shapes["image"][1])
        self.labels: list[str] = bundle.role("expression").labels

    def read(self, image: Image, crops: list[Crop]) -> list[dict[str, float]]:
        """Label -> probability for each face; `crops` are the meshes' (`Mesh.next_crop`)."""
        if not crops:
            return []
        faces = [Crop(crop.x_px, crop.y_px, SIDE * crop.side_px, crop.angle_rad) for crop in crops]
        grey = [cv2.cvtColor(face.cut(image, self._px), cv2.COLOR_BGR2GRAY) for face in faces]
        batch = np.stack(grey)[..., None].astype(np.float32) / np.float32(127.5) - np.float32(1)
        rows = self._session.run({"image": batch})["probabilities"]
        return [dict(zip(self.labels, row.tolist(), strict=True)) for row in rows]
