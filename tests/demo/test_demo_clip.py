"""The made clip through the real models: they see what was drawn, when it was drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from demo.actor import Actor
from demo.clip import FPS, cached_clip
from demo.drive import Clip
from demo.portrait import load_portrait
from demo.story import Event, Sentence, Story
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config.perception import VisionConfig
from edge.messages import Audio, Face, Frame
from edge.vision.perception import FacePerception

pytestmark = pytest.mark.bundle

STORY = Story(
    length_s=7.0,
    events=(Event("blink", 0.8, 0.89), Event("closure", 1.8, 3.0), Event("yawn", 3.6, 6.4)),
    sentences=(Sentence(0.3, "Good morning."),),
)


@dataclass(frozen=True)
class Seen:
    """The clip with what came of it."""

    clip: Clip
    faces: list[Face]
    sound: np.ndarray

    def during(self, start_s: float, end_s: float) -> list[Face]:
        return [face for face in self.faces if start_s <= face.t_s <= end_s]


@pytest.fixture(scope="module")
def seen(bundle_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    bundle = Bundle(bundle_dir)
    clip = cached_clip(STORY, bundle, tmp_path_factory.mktemp("clip"), lambda _: None)
    perception = FacePerception(bundle, VisionConfig())
    faces, sound = [], []
    for item in MediaFile(clip.video).read():
        if isinstance(item, Frame):
            faces += perception.step(item)
        elif isinstance(item, Audio):
            sound.append(item.samples)
    return Seen(clip, faces, np.concatenate(sound))


def test_every_picture_shows_one_usable_face(seen: Seen) -> None:
    assert len(seen.faces) == round(STORY.length_s * FPS)
    assert {(face.track, face.reason) for face in seen.faces} == {(1, None)}


def test_open_eyes_are_read_as_open(seen: Seen) -> None:
    calm = seen.during(0.2, 0.6) + seen.during(1.1, 1.3) + seen.during(6.6, 7.0)
    assert min(face.eye_opening or 0.0 for face in calm) > 0.25


def test_eyes_are_read_as_closed_where_the_truth_says_so(seen: Seen) -> None:
    for event in (*seen.clip.events("closure"), *seen.clip.events("blink")):
        openings = [face.eye_opening for face in seen.during(event["start_s"], event["end_s"])]
        assert openings
        assert max(opening or 1.0 for opening in openings) < 0.16
    closure = seen.clip.events("closure")[0]
    shut = [face.eye_opening or 1.0 for face in seen.during(closure["start_s"] + 0.2, closure["end_s"] - 0.1)]
    assert np.median(shut) < 0.12


def test_the_yawn_is_wide_and_looks_neither_happy_nor_wide_eyed(seen: Seen) -> None:
    yawning = seen.during(4.6, 5.4)
    assert np.median([face.mouth or 0.0 for face in yawning]) > 0.6
    assert np.mean([(face.expression or {})["happy"] for face in yawning]) < 0.5
    assert max(face.eye_opening or 1.0 for face in yawning) < 0.34


def test_the_head_is_never_quite_still_and_never_turns_away(seen: Seen) -> None:
    yaws = [face.yaw_deg or 0.0 for face in seen.faces]
    assert 1.0 < np.ptp(yaws) < 12.0


def test_the_voice_is_where_the_truth_says(seen: Seen) -> None:
    speech = seen.clip.events("speech")[0]
    loud = np.abs(seen.sound) > 0.1
    times_s = np.flatnonzero(loud) / 16_000
    assert speech["start_s"] <= times_s[0] < speech["start_s"] + 0.3
    assert times_s[-1] <= speech["end_s"] + 0.1


def test_a_clip_is_made_once(seen: Seen, bundle_dir: Path) -> None:
    before = seen.clip.video.stat().st_mtime_ns

    def refuse(_: float) -> None:
        raise AssertionError("it was made again")

    again = cached_clip(STORY, Bundle(bundle_dir), seen.clip.video.parent, refuse)
    assert again == seen.clip
    assert again.video.stat().st_mtime_ns == before


def test_the_same_moment_is_the_same_picture(bundle_dir: Path) -> None:
    portrait = load_portrait(Bundle(bundle_dir))
    one, other = (Actor(portrait, STORY).picture(2.0, 0.3) for _ in range(2))
    assert np.array_equal(one, other)
