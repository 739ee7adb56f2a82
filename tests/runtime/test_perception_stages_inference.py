"""What is inferred about people: the models that run are counted, not only what leaves the box."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.messages import Affect, Face, Frame
from edge.runtime.decision_stages import DecisionStages
from edge.runtime.perception_stages import needed_roles
from edge.runtime.pipeline import Pipeline, replay_file
from edge.vision.perception import ExpressionSelection, FacePerception

EMOTIONAL = {"expression", "prosody", "asr", "text", "fusion"}
EXPRESSION = {"angry": 0.1, "disgust": 0.1, "fear": 0.1, "happy": 0.4, "sad": 0.1, "surprise": 0.1, "neutral": 0.1}
CLASSROOM = {"purpose": "classroom-wellbeing", "speech": {"transcribe": False}, "fatigue": {"enabled": False}}


class Counted(Bundle):
    """A bundle that counts the runs of each role's graphs, and which roles were opened at all."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.runs: Counter[str] = Counter()
        self.opened: set[str] = set()

    def session(self, role: str, *arguments: Any, **named: Any) -> Any:
        session = super().session(role, *arguments, **named)
        run, self.opened = session.run, self.opened | {role}

        def counting(*feeds: Any, **more: Any) -> Any:
            self.runs[role] += 1
            return run(*feeds, **more)

        session.run = counting
        return session


@pytest.fixture
def counted(bundle_dir: Path) -> Counted:
    return Counted(bundle_dir)


def replayed(bundle: Counted, clip: Path, **settings: Any) -> None:
    class Nowhere:
        def write(self, message: object) -> None:
            pass

    replay_file(clip, Pipeline(bundle, Config.model_validate(settings), "run"), [Nowhere()])


@pytest.mark.bundle
@pytest.mark.data
@pytest.mark.parametrize("transcribe", [True, False])
def test_anna_speaks_at_the_wheel_and_nothing_reads_her_face_her_voice_or_her_words(
    counted: Counted, data_dir: Path, transcribe: bool
) -> None:
    replayed(counted, data_dir / "clips/grid/bbaf2n.mpg", purpose="driver-safety", speech={"transcribe": transcribe})
    assert counted.runs["face_mesh"] > 35 and counted.runs["vad"] > 50, "she is watched and heard"
    assert {role: counted.runs[role] for role in EMOTIONAL if counted.runs[role]} == {}
    assert EMOTIONAL & counted.opened == {"expression"}, "ready for yawns alone"


@pytest.mark.bundle
@pytest.mark.data
def test_a_drivers_expression_is_read_only_while_the_mouth_is_open_as_in_a_yawn(
    counted: Counted, data_dir: Path
) -> None:
    replayed(counted, data_dir / "clips/cab/cab_1.avi", purpose="driver-safety")
    assert 5 < counted.runs["expression"] < 0.25 * counted.runs["face_mesh"]
    without = Counted(counted.folder)
    replayed(without, data_dir / "clips/cab/cab_1.avi", purpose="driver-safety", fatigue={"enabled": False})
    assert "expression" not in without.opened


@pytest.mark.bundle
@pytest.mark.data
def test_in_a_classroom_one_child_alone_is_never_read_and_no_voice_is(counted: Counted, data_dir: Path) -> None:
    replayed(counted, data_dir / "clips/grid/bbaf2n.mpg", **CLASSROOM)
    assert counted.runs["face_mesh"] > 35
    assert {role: counted.runs[role] for role in EMOTIONAL if counted.runs[role]} == {}


@pytest.mark.bundle
@pytest.mark.data
def test_expressions_are_read_from_so_many_faces_on(counted: Counted, data_dir: Path) -> None:
    from edge.capture.media import MediaFile
    from edge.config.perception import VisionConfig

    frames = [item for item in MediaFile(data_dir / "clips/grid/bbaf2n.mpg").read() if isinstance(item, Frame)][:9]
    for least, read in ((1, 2), (2, 0)):
        perception = FacePerception(counted, VisionConfig(), ExpressionSelection(least_faces=least))
        counted.runs.clear()
        for frame in frames:
            perception.step(frame)
        assert counted.runs["expression"] == read


@pytest.mark.parametrize(("purpose", "most"), [("driver-safety", 0), ("classroom-wellbeing", 0), ("research", 10)])
def test_a_mood_is_computed_only_where_it_may_be_told(purpose: str, most: int) -> None:
    settings = {"purpose": purpose, "consent": "recorded"} | (CLASSROOM if "class" in purpose else {})
    judgement = DecisionStages(Config.model_validate(settings), "run")
    messages: list[object] = []
    for picture in range(60 * 15):
        faces = [
            Face(
                picture / 15, track, (90.0 * track, 0, 90, 90), usable=True, reason=None, eye_opening=0.3, mouth=0.02,
                yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0, expression=EXPRESSION,
            )
            for track in range(1, 7)
        ]  # fmt: skip
        messages += judgement.seen(faces, False)
    assert (sum(isinstance(message, Affect) for message in messages) >= 5) == (most > 0)
    assert most or not any(isinstance(message, Affect) for message in messages)


@pytest.mark.parametrize(
    ("settings", "roles"),
    [
        ({"purpose": "driver-safety"}, set()),
        (CLASSROOM, set()),
        ({"purpose": "research", "consent": "recorded"}, {"asr", "text", "prosody"}),
        ({"purpose": "research", "consent": "recorded", "affect": {"enabled": False}}, {"asr"}),
    ],
)
def test_a_bundle_needs_only_the_models_of_what_is_inferred(settings: dict[str, Any], roles: set[str]) -> None:
    config = Config.model_validate({**settings, "camera": {"uri": "v4l2:///dev/video0"}})
    assert set(needed_roles(config)) & {"asr", "text", "prosody"} == roles


def test_what_is_not_inferred_is_told_once_with_the_reason(tmp_path: Path) -> None:
    from empty_bundle import make_empty_bundle

    pipeline = Pipeline(Bundle(make_empty_bundle(tmp_path / "bundle")), Config(purpose="driver-safety"))
    told = pipeline.feed(Frame(0.0, np.zeros((48, 64, 3), np.uint8)))
    reasons = {getattr(message, "source", ""): getattr(message, "detail", "") for message in told}
    for name in ("affect", "prosody", "asr", "text"):
        assert reasons[name] == "nothing that purpose driver-safety may tell needs it"
