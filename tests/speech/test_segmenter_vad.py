"""The voice activity model carries its memory from window to window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_voice import silence, voice

from edge.bundle.bundle import Bundle
from edge.speech.segmenter import WINDOW, VoiceActivity

pytestmark = pytest.mark.bundle


def judge(activity: VoiceActivity, sound: np.ndarray) -> list[float]:
    return [activity.step(window) for window in sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)]


def test_voice_is_likely_speech_and_a_quiet_room_is_not(bundle_dir: Path) -> None:
    activity = VoiceActivity(Bundle(bundle_dir))
    assert max(judge(activity, silence(1.0))) < 0.3
    assert np.mean(np.array(judge(activity, voice(2.0))) > 0.5) > 0.4


def test_after_a_reset_the_same_sound_is_judged_the_same(bundle_dir: Path) -> None:
    activity = VoiceActivity(Bundle(bundle_dir))
    first = judge(activity, voice(1.0))
    assert judge(activity, voice(1.0)) != first
    activity.reset()
    assert judge(activity, voice(1.0)) == first
