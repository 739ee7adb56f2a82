from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import frames

from edge.bundle.bundle import Bundle
from edge.vision.detector import FaceDetector, FaceSearch, is_same_face, overlap_with, tiles


def test_overlap_of_known_boxes() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 2, 2], [5, 5, 1, 1]], np.float32)
    assert overlap_with(boxes[0], boxes) == pytest.approx([1.0, 1 / 3, 0.0])
    assert is_same_face((0, 0, 2, 2), (1, 0, 2, 2))
    assert not is_same_face((0, 0, 2, 2), (1.5, 0, 2, 2))


@pytest.mark.bundle
@pytest.mark.data
@pytest.mark.parametrize(("top", "left"), [(0, 0), (200, 0), (0, 300)])
def test_the_box_follows_the_face_through_the_letterbox(bundle_dir: Path, data_dir: Path, top: int, left: int) -> None:
    image = next(frames(data_dir, "grid/bbaf2n.mpg")).image
    detector = FaceDetector(Bundle(bundle_dir))
    (alone,) = detector.detect(image)
    (moved,) = detector.detect(cv2.copyMakeBorder(image, top, 0, left, 0, cv2.BORDER_CONSTANT))
    expected = np.add(alone.box, (left, top, 0, 0)).astype(np.float32)
    assert overlap_with(expected, np.array([moved.box], np.float32))[0] > 0.7


@pytest.mark.bundle
def test_noise_holds_no_face(bundle_dir: Path) -> None:
    detector = FaceDetector(Bundle(bundle_dir))
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (30, 240, 320, 3), dtype=np.uint8)
    assert not any(detector.detect(picture) for picture in pictures)


@pytest.mark.bundle
@pytest.mark.data
def test_a_small_face_in_a_large_frame_is_found_within_one_round_of_tiles(bundle_dir: Path, data_dir: Path) -> None:
    face = cv2.resize(next(frames(data_dir, "grid/bbaf2n.mpg")).image, None, fx=0.5, fy=0.5)
    scene = np.full((720, 1280, 3), 90, np.uint8)
    scene[420 : 420 + face.shape[0], 900 : 900 + face.shape[1]] = face
    bundle = Bundle(bundle_dir)
    assert FaceDetector(bundle).detect(scene) == []
    search = FaceSearch(bundle)
    found = [item for _ in tiles(720, 1280, 360) for item in search.look(scene)]
    assert found
    assert all(900 <= item.crop.x_px <= 900 + face.shape[1] for item in found)
    assert all(420 <= item.crop.y_px <= 420 + face.shape[0] for item in found)
