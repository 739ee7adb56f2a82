"""The states of an utterance: their mean over what was spoken, in windows of whole seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from made_voice import voice

from edge.bundle.bundle import Bundle
from edge.bundle.session import Session
from edge.capture.media import MediaFile
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32, Utterance
from edge.speech.log_mel import MEL_BANDS, log_mel
from edge.speech.prosody import ProsodyAnalyzer
from edge.speech.voice import FEATURES
from edge.speech.voice_states import LONGEST_S, ROLE, VoiceStates


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> VoiceStates:
    """Pairs of frames, unchanged: [1, 80, frames] -> [1, frames / 2, 160]."""
    path = tmp_path_factory.mktemp("states") / "pairs.onnx"
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("mel", [1, MEL_BANDS, "frames"]), ("states", [1, "pairs", 2 * MEL_BANDS]))
    ]
    turned = onnx.helper.make_node("Transpose", ["mel"], ["frames_first"], perm=[0, 2, 1])
    paired = onnx.helper.make_node("Reshape", ["frames_first", "shape"], ["states"])
    shape = onnx.numpy_helper.from_array(np.array([1, -1, 2 * MEL_BANDS]), "shape")
    graph = onnx.helper.make_graph([turned, paired], "pairs", ends[:1], ends[1:], [shape])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9), path)
    return VoiceStates(Session(path))


def pairs(samples: Float32, window_s: int) -> Float32:
    return log_mel(samples, window_s).T.reshape(-1, 2 * MEL_BANDS)


def test_the_silence_up_to_the_next_whole_second_does_not_count(states: VoiceStates) -> None:
    samples = voice(1.3, 120.0)
    np.testing.assert_allclose(states.mean(samples), pairs(samples, 2)[:65].mean(axis=0), rtol=1e-5, atol=1e-6)


def test_of_a_speech_longer_than_the_positions_the_beginning_counts(states: VoiceStates) -> None:
    samples = np.concatenate([voice(10.0, 110.0 + 5 * seed, seed) for seed in range(4)])
    expected = states.mean(samples[: LONGEST_S * SAMPLE_RATE_HZ])
    np.testing.assert_array_equal(states.mean(samples), expected)


def test_a_sound_shorter_than_a_state_still_has_one(states: VoiceStates) -> None:
    assert np.isfinite(states.mean(np.zeros(100, np.float32))).all()


def utterance(samples: Float32) -> Utterance:
    return Utterance(0.0, len(samples) / SAMPLE_RATE_HZ, samples)


@pytest.fixture
def bundle(bundle_dir: Path) -> Bundle:
    found = Bundle(bundle_dir)
    if not found.has(ROLE):
        pytest.skip(f"the bundle is older than the role {ROLE}: build it again")
    return found


@pytest.mark.bundle
def test_with_the_role_the_voice_is_judged_by_its_states_too_and_its_prosody_is_told_as_before(bundle: Bundle) -> None:
    analyzer = ProsodyAnalyzer(bundle)
    first, second = (analyzer.step(utterance(voice(1.5, hz, seed)), "zh") for hz, seed in ((110.0, 0), (180.0, 1)))
    assert set(first.features) == set(second.relative) == set(FEATURES)
    width = len(bundle.role(ROLE).preprocessing["median"])
    assert width > len(FEATURES) and first.frames is not None
    assert first.arousal == first.typical_arousal and second.arousal != second.typical_arousal
    trust = bundle.role(ROLE).preprocessing["valence_trust"]
    assert second.confidence == pytest.approx(trust["zh"] * second.certainty)


@pytest.mark.bundle
def test_a_language_that_was_not_tested_weighs_no_more_than_the_worst_that_was_left_out(bundle: Bundle) -> None:
    trust = bundle.role(ROLE).preprocessing["valence_trust"]
    judged = ProsodyAnalyzer(bundle).step(utterance(voice(1.5, 110.0)), "fi")
    assert judged.confidence == pytest.approx(min(trust.values()) * judged.certainty) and trust["other"] <= trust["de"]


@pytest.mark.bundle
@pytest.mark.data
def test_a_mandarin_voice_that_nobody_trained_on_sounds_gladder_in_joy_than_in_anger(
    bundle: Bundle, data_dir: Path
) -> None:
    valence: dict[str, list[float]] = {"happy": [], "angry": []}
    analyzer = ProsodyAnalyzer(bundle)
    paths = [sorted((data_dir / "casia_zh" / "speaker_1").glob(f"{emotion}_*.flac"))[:10] for emotion in valence]
    for path in (path for pair in zip(*paths, strict=True) for path in pair):
        samples = np.concatenate([item.samples for item in MediaFile(path).read() if isinstance(item, Audio)])
        prosody = analyzer.step(utterance(samples), "zh")
        assert prosody.score is not None and prosody.arousal is not None
        valence[path.name.split("_")[0]].append(prosody.score)
    assert np.median(valence["happy"]) > np.median(valence["angry"]) + 0.2
