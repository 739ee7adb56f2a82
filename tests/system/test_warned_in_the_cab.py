"""Mr Rossi falls asleep before the real box, whose speaker and microphone share one cab: he hears it, it not itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from acted_camera import ActedCamera
from box_process import box, stored
from made_voice import voice
from mqtt_helpers import until
from sound_likeness import likeness, recorded, similarity
from sound_server import SoundServer, needs_pulse
from wav_files import write_wav

from edge.bundle.bundle import Bundle

pytestmark = [needs_pulse, pytest.mark.bundle]


@pytest.fixture
def cab(tmp_path: Path) -> Iterator[SoundServer]:
    server = SoundServer(tmp_path)
    server.start()
    yield server
    server.kill()


def warned(folder: Path, type_: str = "begin") -> list[str]:
    return [told["signal"] for told in stored(folder, "warned") if told["type"] == type_]


def speaker(folder: Path) -> list[str]:
    return [told["state"] for told in stored(folder, "source") if told["source"] == "speaker"]


def test_a_sleeper_is_called_until_he_wakes_also_after_the_speaker_was_gone_and_the_box_hears_no_voice_in_it(
    tmp_path: Path, bundle_dir: Path, cab: SoundServer
) -> None:
    (tmp_path / "phrases").mkdir()
    write_wav(tmp_path / "phrases" / "ready.en.wav", phrase := voice(2.0))
    with ActedCamera(Bundle(bundle_dir)) as camera:
        config = {
            "purpose": "driver-safety",
            "camera": {"uri": camera.uri},
            "speech": {"transcribe": False},
            "microphone": {"device": "pulse"},
            "warning": {"speaker": "pulse", "volume": 1.0, "phrases": str(tmp_path / "phrases")},
            "fatigue": {"baseline_s": 20},
        }
        with box(tmp_path, bundle_dir, config, **cab.environment) as process:
            until(lambda: warned(tmp_path) == ["ready"], 90)
            assert similarity(recorded(cab, 6.0), phrase) > 0.7, "and the phrase follows the tones"
            # the open eye is known by then
            camera.asleep = True
            until(lambda: warned(tmp_path)[-1] == "critical", 10)
            assert likeness(recorded(cab, 1.5), "critical") > 0.7
            cab.kill()
            until(lambda: speaker(tmp_path)[-1] == "lost", 15)
            cab.start()
            until(lambda: speaker(tmp_path)[-1] == "ok", 15)
            until(lambda: warned(tmp_path)[-1] == "emergency", 10)
            assert likeness(recorded(cab, 1.5), "emergency") > 0.7, "it still calls"
            camera.asleep = False
            until(lambda: "emergency" in warned(tmp_path, "end"), 10)
            time.sleep(2.0)
            assert abs(recorded(cab, 1.0)).max() == 0.0, "silence, with open eyes"
            assert process.poll() is None
            process.terminate()
            process.communicate(timeout=20)
    assert not stored(tmp_path, "speech")
    assert {told["alert"] for told in stored(tmp_path, "alert")} <= {"microsleep", "source_lost", "drowsiness"}
    (alert,) = {told["id"] for told in stored(tmp_path, "alert") if told["alert"] == "microsleep"}
    assert {told["alert"] for told in stored(tmp_path, "warned")} == {"", alert}
