from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from empty_bundle import make_empty_bundle

from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.messages import Audio, Frame, Source, Summary
from edge.messages.serialize import to_record
from edge.runtime.pipeline import Pipeline, replay_file, session_of


@pytest.fixture
def empty(tmp_path: Path) -> Bundle:
    return Bundle(make_empty_bundle(tmp_path / "bundle"))


def test_each_stage_that_is_not_there_is_announced_once_and_the_rest_goes_on(empty: Bundle) -> None:
    pipeline = Pipeline(empty, Config(purpose="research", consent="recorded"), "run")
    told = pipeline.feed(Frame(0.0, np.zeros((48, 64, 3), np.uint8)))
    sources = [message for message in told if isinstance(message, Source)]
    assert {source.source: source.state for source in sources} == dict.fromkeys(
        ("vision", "speech", "asr", "text", "prosody"), "absent"
    )
    assert "face_mesh" in next(source.detail for source in sources if source.source == "vision")
    assert pipeline.feed(Frame(0.1, np.zeros((48, 64, 3), np.uint8))) == []
    assert pipeline.feed(Audio(0.0, np.zeros(512, np.float32))) == []
    (summary,) = pipeline.finish(1.0)
    assert isinstance(summary, Summary)
    assert summary.valid_ratio == 0


def test_what_the_configuration_switches_off_is_said_with_the_switch(empty: Bundle) -> None:
    config = Config.model_validate(
        {
            "purpose": "classroom-wellbeing",
            "speech": {"transcribe": False},
            "fatigue": {"enabled": False},
            "affect": {"enabled": False},
        }
    )
    details = {m.source: m.detail for m in Pipeline(empty, config).finish() if isinstance(m, Source)}
    assert details["asr"] == "switched off by speech.transcribe"
    assert details["fatigue"] == "switched off by fatigue.enabled"
    assert details["affect"] == "switched off by affect.enabled"


def test_a_run_is_named_by_stem_and_content_not_by_place(tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in ("a/clip 1.mp4", "b/clip 1.mp4", "b/clip 1.wav"))
    for path, content in ((one, b"x"), (two, b"x"), (other, b"y")):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert session_of(one) == session_of(two)
    assert session_of(one).startswith("clip_1-")
    assert session_of(one) != session_of(other)


@pytest.mark.bundle
@pytest.mark.data
def test_a_speaking_face_gives_every_kind_of_message_in_order(bundle_dir: Path, data_dir: Path) -> None:
    class Kept(list):
        write = list.append

    kept = Kept()
    pipeline = Pipeline(Bundle(bundle_dir), Config(purpose="research", consent="recorded"), "run")
    report = replay_file(data_dir / "clips" / "grid" / "bbaf2n.mpg", pipeline, [kept])
    records = [to_record(message) for message in kept]
    kinds = [record["kind"] for record in records]
    assert {"face", "fatigue", "speech", "transcript", "affect", "summary"} <= set(kinds)
    spoken = next(record for record in records if record["kind"] == "speech")
    same = [record["kind"] for record in records if record.get("start_s") == spoken["start_s"]]
    assert same == ["speech", "transcript", "affect"], "an utterance is heard, then understood, then judged"
    assert kinds[-1] == "summary"
    assert "source" not in kinds, "nothing is absent, nothing failed"
    assert report.faults == []
    assert report.frames == 75
    assert report.utterances == kinds.count("speech")
