"""What the whole of the room makes of real clips."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
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
from edge.vision.tracker import GRACE_S

pytestmark = [pytest.mark.bundle, pytest.mark.data]
Change = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    return Bundle(bundle_dir)


def look(bundle: Bundle, pictures: list[Frame], config: VisionConfig | None = None) -> list[Face]:
    perception = FacePerception(bundle, config or VisionConfig())
    return [face for frame in pictures for face in perception.step(frame)]


def changed(pictures: list[Frame], change: Change) -> list[Frame]:
    return [replace(frame, image=change(frame.image)) for frame in pictures]


def grey(image: np.ndarray) -> np.ndarray:
    return np.dstack([cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)] * 3)


@pytest.mark.parametrize("clip", ["bbaf2n", "brbk7n", "lbbc2a", "pwij3p", "swiz3n"])
def test_grid_speakers_are_seen_in_nearly_every_frame(bundle: Bundle, data_dir: Path, clip: str) -> None:
    faces = look(bundle, list(frames(data_dir, f"grid/{clip}.mpg", every=5)))
    assert np.mean([face.usable for face in faces]) >= 0.95
    assert {face.track for face in faces} == {1}
    assert all(face.expression for face in faces)
    assert max(abs(face.yaw_deg or 0) for face in faces) < 15


@pytest.mark.parametrize(("clip", "share"), [("cab_1.avi", 0.95), ("cab_2.avi", 0.90), ("carphone.mp4", 0.95)])
def test_drivers_are_followed_through_turns(bundle: Bundle, data_dir: Path, clip: str, share: float) -> None:
    faces = look(bundle, list(frames(data_dir, f"cab/{clip}", every=8)))
    assert {face.track for face in faces} == {1}
    assert np.mean([face.box is not None for face in faces]) >= 0.98
    assert np.mean([face.usable for face in faces]) >= share
    assert {face.reason for face in faces} <= {None, Reason.TURNED_AWAY}


@pytest.mark.parametrize("change", [np.asarray, grey], ids=["colour", "grey"])
def test_shut_eyes_are_usable_and_shut(bundle: Bundle, data_dir: Path, change: Change) -> None:
    pictures = [frame for frame in frames(data_dir, "blink/blinking_4.mp4") if 6.3 <= frame.t_s <= 7.2][::2]
    faces = look(bundle, changed(pictures, change))
    assert all(face.usable for face in faces)
    shut = [face.eye_opening for face in faces if 6.62 < face.t_s < 6.9]
    assert len(shut) >= 3
    assert max(shut) < 0.1
    assert faces[0].eye_opening > 0.25


def test_a_lost_face_is_unusable_and_keeps_its_number_for_a_while(bundle: Bundle, data_dir: Path) -> None:
    faces = look(bundle, list(frames(data_dir, "facelost/face_noface.mov", every=3)))
    lost = [face for face in faces if face.t_s > 2.45]
    assert all(face.usable for face in faces if face.t_s < 2.35)
    assert all(face.reason is Reason.NO_FACE and face.eye_opening is None and face.mouth is None for face in lost)
    assert all(face.track == 1 for face in lost if face.t_s < 2.4 + GRACE_S)


def test_the_number_survives_a_look_away_but_not_an_absence(bundle: Bundle, data_dir: Path) -> None:
    image = next(frames(data_dir, "grid/bbaf2n.mpg")).image
    black = np.zeros_like(image)
    times = np.arange(0, 12, 0.5)
    pictures = [Frame(float(t), black if 1 <= t < 4 or 5 <= t < 11 else image) for t in times]
    faces = look(bundle, pictures)
    tracks = {face.t_s: face.track for face in faces}
    assert tracks[0.0] == tracks[2.0] == tracks[4.5] == tracks[9.5] == 1
    assert tracks[10.5] is None
    assert tracks[11.5] == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda image: (image * 0.08).astype(np.uint8), Reason.DARK),
        (lambda image: cv2.GaussianBlur(image, (0, 0), 3.5), Reason.BLURRED),
        (lambda image: cv2.resize(image, None, fx=0.28, fy=0.28, interpolation=cv2.INTER_AREA), Reason.TOO_SMALL),
    ],
    ids=["dark", "blurred", "small"],
)
def test_a_bad_picture_is_unusable_for_its_reason(
    bundle: Bundle, data_dir: Path, change: Change, reason: Reason
) -> None:
    faces = look(bundle, changed(list(frames(data_dir, "grid/brbk7n.mpg", every=25)), change))
    assert {face.reason for face in faces} == {reason}
    assert all(face.eye_opening is None for face in faces)


def test_dark_glasses_hide_the_eyes_but_not_the_mouth(bundle: Bundle, data_dir: Path) -> None:
    (first, *_) = pictures = list(frames(data_dir, "expressive/d18.mp4", every=40))
    (plain,) = look(bundle, [first])
    assert plain.box is not None
    x, y, width, height = plain.box

    def covered(image: np.ndarray) -> np.ndarray:
        image = image.copy()
        for centre in (0.29, 0.71):
            middle = (int(x + centre * width), int(y + 0.33 * height))
            cv2.ellipse(image, middle, (int(0.19 * width), int(0.15 * height)), 0, 0, 360, (25, 20, 20), -1)
        return image

    faces = look(bundle, changed(pictures, covered))
    assert {face.reason for face in faces} == {Reason.EYES_HIDDEN}
    assert all(face.mouth is not None for face in faces)


def test_glare_on_both_glasses_hides_the_eyes(bundle: Bundle, data_dir: Path) -> None:
    (first, *_) = pictures = list(frames(data_dir, "expressive/d18.mp4", every=40))
    (plain,) = look(bundle, [first])
    assert plain.box is not None
    x, y, width, height = plain.box

    def glaring(image: np.ndarray) -> np.ndarray:
        image = image.copy()
        for centre in (0.29, 0.71):
            middle = (int(x + centre * width), int(y + 0.33 * height))
            cv2.ellipse(image, middle, (int(0.19 * width), int(0.13 * height)), 0, 0, 360, (255, 255, 255), -1)
        return image

    faces = look(bundle, changed(pictures, glaring))
    assert {face.reason for face in faces} == {Reason.EYES_HIDDEN}


def test_a_mirrored_picture_turns_and_tips_the_other_way(bundle: Bundle, data_dir: Path) -> None:
    pictures = list(frames(data_dir, "talking/face_1.mp4", every=45))
    plain = look(bundle, pictures)
    mirrored = look(bundle, changed(pictures, lambda image: np.ascontiguousarray(image[:, ::-1])))
    for one, other in zip(plain, mirrored, strict=True):
        assert one.yaw_deg == pytest.approx(-other.yaw_deg, abs=4)
        assert one.roll_deg == pytest.approx(-other.roll_deg, abs=4)
        assert one.pitch_deg == pytest.approx(other.pitch_deg, abs=4)
        assert one.eye_opening == pytest.approx(other.eye_opening, abs=0.05)
    assert min(face.yaw_deg for face in plain) > 5, "he looks to the right of the picture, his own left"


def test_a_yawn_opens_the_mouth(bundle: Bundle, data_dir: Path) -> None:
    faces = look(bundle, list(frames(data_dir, "cab/cab_1.avi", every=6)))
    yawning = [face.mouth for face in faces if 4.6 <= face.t_s <= 8.9]
    silent = [face.mouth for face in faces if face.t_s < 3.8 or face.t_s > 10]
    assert min(yawning) > 0.25
    assert np.median(yawning) > 0.45
    assert max(silent) < 0.1


def test_a_still_face_has_a_mesh_in_every_second_picture_and_looks_the_same(bundle: Bundle, data_dir: Path) -> None:
    image = next(frames(data_dir, "grid/bbaf2n.mpg")).image
    perception = FacePerception(bundle, VisionConfig())
    made: list[float] = []
    locate = perception._mesh.locate
    perception._mesh.locate = lambda picture, crops: (
        made.extend(crop.side_px for crop in crops) or locate(picture, crops)
    )
    faces = [perception.step(Frame(place / 30, image))[0] for place in range(24)]
    assert 11 <= len(made) <= 14
    openings = [face.eye_opening for face in faces]
    assert max(openings) - min(openings) < 0.02


def test_a_face_that_leaves_a_still_picture_is_missed_one_picture_later_at_most(bundle: Bundle, data_dir: Path) -> None:
    image = next(frames(data_dir, "grid/bbaf2n.mpg")).image
    for last in (8, 9):
        perception = FacePerception(bundle, VisionConfig())
        for place in range(last):
            perception.step(Frame(place / 30, image))
        gone = [perception.step(Frame((last + place) / 30, np.zeros_like(image)))[0] for place in range(2)]
        assert gone[-1].reason is Reason.NO_FACE


def test_noise_holds_nobody(bundle: Bundle) -> None:
    rng = np.random.default_rng(1)
    pictures = [Frame(i * 0.1, rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)) for i in range(12)]
    assert look(bundle, pictures) == [Face(frame.t_s) for frame in pictures]


def test_a_class_gets_one_number_each(bundle: Bundle, data_dir: Path) -> None:
    clips = ("bbaf2n", "brbk7n", "lbbc2a", "pwij3p")
    pupils = [next(frames(data_dir, f"grid/{clip}.mpg")).image for clip in clips]
    room = np.vstack([np.hstack(pupils[:2]), np.hstack(pupils[2:])])
    pictures = [Frame(i * 0.2, room) for i in range(8)]
    perception = FacePerception(bundle, VisionConfig(max_faces=4))
    steps = [perception.step(frame) for frame in pictures]
    assert [face.track for face in steps[-1]] == [1, 2, 3, 4]
    assert all(face.usable for face in steps[-1])
    assert len(look(bundle, pictures[:1], VisionConfig(max_faces=2))) == 2


def test_the_same_frames_give_the_same_faces(bundle: Bundle, data_dir: Path) -> None:
    pictures = list(frames(data_dir, "cab/carphone.mp4", every=12))
    assert look(bundle, pictures) == look(bundle, pictures)


def test_beside_a_driver_the_frame_and_its_tiles_are_searched_by_turns(
    bundle: Bundle, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A passenger leans in beside Tomas after a second: seen within 0.6 s, at one detection a search."""
    pictures = list(islice(frames(data_dir, "cab/cab_1.avi"), 50))
    near = cv2.resize(pictures[0].image, (400, 300))
    widths: list[int] = []
    detect = FaceDetector.detect
    monkeypatch.setattr(
        FaceDetector, "detect", lambda self, image: widths.append(image.shape[1]) or detect(self, image)
    )
    begun_s, seen_s, alone = pictures[0].t_s, None, 0
    perception = FacePerception(bundle, VisionConfig(max_faces=2))
    for frame in pictures:
        wide = np.zeros((480, 1040, 3), np.uint8)
        wide[:, :640] = frame.image
        if frame.t_s - begun_s >= 1.0:
            wide[90:390, 640:] = near
        else:
            alone = len(widths) + 2
        found = [face for face in perception.step(replace(frame, image=wide)) if face.box is not None]
        seen_s = frame.t_s if len(found) == 2 and seen_s is None else seen_s
    assert seen_s is not None and seen_s - begun_s <= 1.6
    beside = widths[2:alone]
    assert len(beside) <= 7, "one detection in 0.2 s, not two"
    assert 1040 in beside and min(beside) < 1040
