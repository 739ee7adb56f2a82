"""Prosody is read against the voice's own habit."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_voice import silence, voice
from role_bundle import make_role_bundle

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError, read_manifest, write_manifest
from edge.capture.media import MediaFile
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32, Utterance
from edge.speech.prosody import Population, ProsodyAnalyzer, SpeakerNormalisation
from edge.speech.voice import FEATURES

POPULATION = Population(np.array([10.0]), np.array([2.0]))


def utterance(samples: Float32) -> Utterance:
    return Utterance(0.0, len(samples) / SAMPLE_RATE_HZ, samples)


def test_before_anything_was_heard_the_population_is_the_measure() -> None:
    scale = SpeakerNormalisation(POPULATION)
    assert 0.5 < scale.relative(np.array([12.0]))[0] < 1.0
    assert 0.0 < scale.certainty < 0.1


def test_after_many_utterances_the_own_voice_is_the_measure() -> None:
    scale = SpeakerNormalisation(POPULATION)
    for value in np.linspace(28, 32, 101):
        scale.learn(np.array([value]))
    assert scale.relative(np.array([30.0])) == pytest.approx([0.0], abs=0.5)
    assert scale.relative(np.array([10.0])) == pytest.approx([-4.0])
    assert scale.certainty > 0.95


@given(st.lists(st.floats(-1e3, 1e3), max_size=30), st.floats(-1e6, 1e6))
@settings(max_examples=100, deadline=None)
def test_relative_features_are_always_bounded_and_rise_with_the_feature(heard: list[float], value: float) -> None:
    scale = SpeakerNormalisation(POPULATION)
    for item in heard:
        scale.learn(np.array([item]))
    low, high = scale.relative(np.array([value])), scale.relative(np.array([value + 1.0]))
    assert -4.0 <= low[0] <= high[0] <= 4.0


@pytest.mark.bundle
def test_an_utterance_without_voice_has_no_score(bundle_dir: Path) -> None:
    prosody = ProsodyAnalyzer(Bundle(bundle_dir)).step(utterance(silence(1.0)))
    assert prosody.score is None and prosody.arousal is None and not prosody.features


@pytest.mark.bundle
def test_a_voice_is_judged_by_what_it_was_before_not_by_what_it_is_now(bundle_dir: Path) -> None:
    analyzer = ProsodyAnalyzer(Bundle(bundle_dir))
    for seed in range(8):
        calm = analyzer.step(utterance(voice(1.5, 110.0, seed)))
    raised = analyzer.step(utterance(voice(1.5, 220.0, 9)))
    assert set(raised.relative) == set(raised.features) == set(FEATURES)
    assert abs(calm.relative["pitch_st"]) < 1.0 < raised.relative["pitch_st"]
    for prosody in (calm, raised):
        assert prosody.score is not None and -1.0 <= prosody.score <= 1.0
        assert prosody.arousal is not None and -1.0 <= prosody.arousal <= 1.0


@pytest.mark.bundle
def test_valence_is_claimed_by_language_and_the_first_utterance_has_little_certainty(
    bundle_dir: Path, tmp_path: Path
) -> None:
    bundle = Bundle(make_role_bundle(tmp_path, bundle_dir, "prosody"))
    trust = bundle.role("prosody").preprocessing["valence_trust"]
    analyzer = ProsodyAnalyzer(bundle)
    first = analyzer.step(utterance(voice(1.5, 110.0, 0)), "de")
    assert 0.0 < first.certainty < 0.1 and first.confidence == first.certainty and first.arousal is not None
    mandarin, unknown = (
        analyzer.step(utterance(voice(1.5, 110.0, seed)), name) for seed, name in ((1, "zh"), (2, None))
    )
    assert mandarin.confidence == 0.0 < mandarin.certainty
    assert unknown.confidence == min(trust.values()) * unknown.certainty


@pytest.mark.bundle
def test_a_head_trained_on_other_features_is_refused(bundle_dir: Path, tmp_path: Path) -> None:
    manifest = read_manifest(bundle_dir)
    role = manifest.roles["prosody"]
    for stored in role.files():
        (tmp_path / stored.file).parent.mkdir(exist_ok=True)
        shutil.copy(bundle_dir / stored.file, tmp_path / stored.file)
    features = ["loudness_of_socks", *FEATURES[1:]]
    other = role.model_copy(update={"preprocessing": {**role.preprocessing, "features": features}})
    write_manifest(manifest.model_copy(update={"roles": {"prosody": other}}), tmp_path)
    with pytest.raises(BundleError, match="loudness_of_socks"):
        ProsodyAnalyzer(Bundle(tmp_path))


@pytest.mark.bundle
@pytest.mark.data
def test_acted_anger_is_more_aroused_than_acted_sadness(bundle_dir: Path, data_dir: Path) -> None:
    bundle = Bundle(bundle_dir)
    for speaker in ("03", "08"):
        analyzer = ProsodyAnalyzer(bundle)
        arousal: dict[str, list[float]] = {"neutral": [], "angry": [], "sad": []}
        for emotion, values in arousal.items():
            for path in sorted((data_dir / "emodb" / emotion).glob(f"{speaker}*.flac"))[:6]:
                samples = np.concatenate([item.samples for item in MediaFile(path).read() if isinstance(item, Audio)])
                value = analyzer.step(utterance(samples)).arousal
                assert value is not None
                values.append(value)
        assert np.median(arousal["angry"]) > np.median(arousal["sad"]) + 0.5
