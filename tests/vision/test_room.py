"""A classroom as a camera at the front sees it: small faces all over a large picture."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import frames

from edge.bundle.bundle import Bundle
from edge.config.perception import VisionConfig
from edge.messages import Face, Frame, Reason
from edge.vision.detector import FaceDetector
from edge.vision.perception import FacePerception

pytestmark = [pytest.mark.bundle, pytest.mark.data]
PEOPLE = (
    *(f"grid/{name}.mpg" for name in ("bbaf2n", "brbk7n", "lbbc2a", "pwij3p", "swiz3n")),
    *("talking/face_1.mp4", "talking/face_2.mp4", "cab/cab_1.avi", "cab/cab_2.avi", "expressive/d3.mp4"),
)
ROWS, COLUMNS, FPS, WITHIN_S = 3, 5, 5, 3.0
Place = tuple[float, float]


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    return Bundle(bundle_dir)


@pytest.fixture(scope="module")
def heads(bundle: Bundle, data_dir: Path) -> list[tuple[np.ndarray, float]]:
    """Each person's head, cut out round, and the width of the face in it."""
    detector, cut = FaceDetector(bundle), []
    for person in PEOPLE:
        image = next(frames(data_dir, person)).image
        crop = detector.detect(image)[0].crop
        side = round(1.5 * crop.side_px)
        around = cv2.copyMakeBorder(image, side, side, side, side, cv2.BORDER_REPLICATE)
        left, top = round(crop.x_px + side - side / 2), round(crop.y_px + side - side / 2)
        cut.append((around[top : top + side, left : left + side], 0.36 * side))
    return cut


def classroom(heads: list[tuple[np.ndarray, float]], face_px: int) -> tuple[np.ndarray, list[Place]]:
    """Fifteen people, some of them twins, in rows, and where they sit."""
    rng = np.random.default_rng(3)
    room = np.clip(rng.normal(110, 4, (1080, 1920, 3)), 0, 255).astype(np.uint8)
    seats = []
    for seat in range(ROWS * COLUMNS):
        head, width = heads[seat % len(heads)]
        side = round(head.shape[0] * face_px / width)
        small = cv2.resize(head, (side, side), interpolation=cv2.INTER_AREA)
        x = int((seat % COLUMNS + 0.5) * 1920 / COLUMNS + rng.uniform(-90, 90))
        y = int((seat // COLUMNS + 0.5) * 1080 / ROWS + rng.uniform(-60, 60))
        mask = np.zeros((side, side), np.uint8)
        cv2.circle(mask, (side // 2, side // 2), round(0.45 * side), 255, -1)
        place = room[y - side // 2 :, x - side // 2 :][:side, :side]
        place[mask > 0] = small[mask > 0]
        seats.append((float(x), float(y)))
    return room, seats


def seated(faces: list[Face], seats: list[Place], face_px: int) -> int:
    """At how many seats a face is followed."""
    middles = [(f.box[0] + f.box[2] / 2, f.box[1] + f.box[3] / 2) for f in faces if f.box is not None]
    return sum(any(math.dist(seat, middle) < face_px for middle in middles) for seat in seats)


@pytest.mark.parametrize(("face_px", "least"), [(48, 14), (32, 10)])
def test_a_class_is_seen_within_three_seconds(
    bundle: Bundle, heads: list[tuple[np.ndarray, float]], face_px: int, least: int
) -> None:
    room, seats = classroom(heads, face_px)
    perception = FacePerception(bundle, VisionConfig(max_faces=32, expression_every_n_frames=1))
    for number in range(round(WITHIN_S * FPS)):
        faces = perception.step(Frame(number / FPS, room))
    assert seated(faces, seats, face_px) >= least
    assert len({face.track for face in faces}) == len(faces) <= len(seats)
    unknown = [face for face in faces if face.reason is Reason.TOO_SMALL]
    assert (len(unknown) > 10) == (face_px == 32)
    assert all((face.expression is None) == (face in unknown) for face in faces), "what is too small is not guessed"
