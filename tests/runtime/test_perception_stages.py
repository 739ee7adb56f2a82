from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest
import yaml
from http_camera import HttpCamera

from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config import Config
from edge.messages import Alert, Message, Source
from edge.run_registry import RunClock
from edge.runtime.live import LiveRunner
from edge.runtime.perception_stages import PATIENCE_S
from edge.runtime.pipeline import Pipeline
from edge.runtime.watchdog import VARIABLE

EYES_ONLY = {"face_detector", "face_mesh", "iris", "expression"}


@pytest.fixture
def eyes(bundle_dir: Path, tmp_path: Path) -> Bundle:
    """The built bundle with the roles that vision cannot do without, and no other."""
    for name in EYES_ONLY:
        for file in bundle_dir.rglob(f"{name}.*"):
            copy = tmp_path / file.relative_to(bundle_dir)
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, copy)
    manifest = yaml.safe_load((bundle_dir / "bundle.yaml").read_text())
    manifest["roles"] = {name: role for name, role in manifest["roles"].items() if name in EYES_ONLY}
    (tmp_path / "bundle.yaml").write_text(yaml.safe_dump(manifest))
    return Bundle(tmp_path)


class Kept(list[Message]):
    write = list.append

    def sources(self, name: str) -> list[Source]:
        return [message for message in self if isinstance(message, Source) and message.source == name]


@pytest.mark.bundle
def test_eyes_without_their_optional_nets_say_so_and_one_that_hangs_ends_the_run_with_its_reason(
    eyes: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "vision:3")
    monkeypatch.setitem(PATIENCE_S, "vision", 1.0)
    kept = Kept()
    with HttpCamera() as camera:
        config = Config.model_validate(
            {"purpose": "driver-safety", "camera": {"uri": camera.uri}, "microphone": {"device": None}}
        )
        runner = LiveRunner(eyes, config, "run", RunClock())
        began_s = time.monotonic()
        runner.run([kept], threading.Event(), lambda health: None)
    assert time.monotonic() - began_s < 30
    assert [source.detail for source in kept.sources("eye_state")] == [
        "the bundle has no eye_state: lids are judged by their contour alone"
    ]
    assert [source.state for source in kept.sources("drowsiness")] == ["absent"]
    assert runner.stuck is not None
    assert runner.stuck.startswith("vision hangs")
    assert "vision thread" in runner.left
    assert kept.sources("box")[-1].detail == runner.stuck
    types = [message.type for message in kept if isinstance(message, Alert)]
    assert types.count("new") == types.count("end") >= 1


@pytest.mark.bundle
@pytest.mark.data
def test_an_ear_for_events_that_breaks_costs_no_word(
    bundle_dir: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such class")

    monkeypatch.setattr("edge.speech.audio_events.SoundClassifier.scores", broken)
    config = Config.model_validate({"purpose": "driver-safety", "microphone": {"device": "default"}})
    pipeline, told = Pipeline(Bundle(bundle_dir), config), Kept()
    for item in MediaFile(data_dir / "aishell_S0150" / "BAC009S0150W0002.flac").read():
        told += pipeline.feed(item)
    told += pipeline.finish()
    assert [source.state for source in told.sources("audio_events")] == ["lost"]
    assert "speech" in {message.kind for message in told}
