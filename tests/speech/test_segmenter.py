"""Utterances: when they begin and end, whatever way the sound arrives."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_voice import silence, voice

from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config.perception import SpeechConfig
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32, Utterance
from edge.speech import segmenter as room
from edge.speech.segmenter import WINDOW, SpeechSegmenter

WINDOW_S = WINDOW / SAMPLE_RATE_HZ


class ScriptedActivity:
    """The policy's input made visible: the probability of a window is its loudest sample."""

    def __init__(self, bundle: object) -> None: ...

    def reset(self) -> None: ...

    def step(self, window: Float32) -> float:
        return float(window.max())


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch) -> type[SpeechSegmenter]:
    monkeypatch.setattr(room, "VoiceActivity", ScriptedActivity)
    return SpeechSegmenter


def script(*runs: tuple[float, float]) -> Float32:
    """Sound that is judged with the given probabilities: (probability, seconds) one after the other."""
    return np.concatenate([np.full(round(s / WINDOW_S) * WINDOW, p, np.float32) for p, s in runs])


def feed(segmenter: SpeechSegmenter, sound: Float32, cuts: Sequence[int] = (), start_s: float = 0.0) -> list[Utterance]:
    edges = [0, *sorted({cut % (len(sound) + 1) for cut in cuts}), len(sound)]
    done = []
    for low, high in itertools.pairwise(edges):
        done += segmenter.step(Audio(start_s + low / SAMPLE_RATE_HZ, sound[low:high]))
    return done + segmenter.finish()


def times(utterances: list[Utterance]) -> list[tuple[float, float]]:
    return [(round(u.start_s, 6), round(u.end_s, 6)) for u in utterances]


def make(policy: type[SpeechSegmenter], most_s: float = 20.0) -> SpeechSegmenter:
    return policy(None, SpeechConfig(max_utterance_s=most_s))  # type: ignore[arg-type]


def test_speech_is_cut_with_real_sound_before_and_after(policy: type[SpeechSegmenter]) -> None:
    sound = script((0.1, 0.96), (0.9, 1.024), (0.1, 1.28))
    (found,) = feed(make(policy), sound)
    assert times([found]) == [(0.96, 0.96 + 1.024)]
    first = round((found.start_s - 0.256) * SAMPLE_RATE_HZ)
    assert len(found.samples) == round((1.024 + 2 * 0.256) * SAMPLE_RATE_HZ)
    np.testing.assert_array_equal(found.samples, sound[first : first + len(found.samples)])


def test_speech_from_the_very_first_sample_begins_there(policy: type[SpeechSegmenter]) -> None:
    (found,) = feed(make(policy), script((0.9, 0.64), (0.1, 0.96)), start_s=100.0)
    assert found.start_s == 100.0


def test_a_click_is_no_utterance(policy: type[SpeechSegmenter]) -> None:
    assert feed(make(policy), script((0.1, 0.64), (0.9, 0.192), (0.1, 1.28))) == []


def test_doubtful_sound_neither_begins_nor_ends_speech(policy: type[SpeechSegmenter]) -> None:
    assert feed(make(policy), script((0.45, 5.12))) == []
    (found,) = feed(make(policy), script((0.9, 0.64), (0.4, 2.56), (0.9, 0.64), (0.1, 1.28)))
    assert found.end_s == pytest.approx(0.64 + 2.56 + 0.64)


def test_a_short_pause_does_not_part_a_sentence_and_a_long_one_does(policy: type[SpeechSegmenter]) -> None:
    assert len(feed(make(policy), script((0.9, 0.64), (0.1, 0.448), (0.9, 0.64), (0.1, 0.96)))) == 1
    assert len(feed(make(policy), script((0.9, 0.64), (0.1, 0.544), (0.9, 0.64), (0.1, 0.96)))) == 2


def test_the_end_of_the_stream_ends_the_utterance(policy: type[SpeechSegmenter]) -> None:
    (found,) = feed(make(policy), script((0.1, 0.64), (0.9, 0.96)))
    assert found.end_s == pytest.approx(1.6)


def test_lost_sound_ends_the_utterance_and_time_goes_on_after_the_gap(policy: type[SpeechSegmenter]) -> None:
    segmenter = make(policy)
    speech = script((0.9, 0.96))
    assert segmenter.step(Audio(0.0, speech)) == []
    assert segmenter.speaking
    before = segmenter.step(Audio(3.0, speech))
    after = segmenter.finish()
    assert times(before + after) == [(0.0, 0.96), (3.0, 3.96)]


def test_jitter_and_drift_of_a_sound_card_part_nothing(policy: type[SpeechSegmenter]) -> None:
    segmenter, done = make(policy), []
    sound = script((0.1, 160.0), (0.9, 0.96), (0.1, 0.96))
    for index, chunk in enumerate(sound.reshape(-1, WINDOW)):
        jitter_s = 0.02 * (index % 3 - 1)
        done += segmenter.step(Audio(index * WINDOW_S * 1.001 + jitter_s, chunk))
    (found,) = done
    assert found.start_s == pytest.approx(160.0 * 1.001, abs=0.03)


def test_long_speech_is_cut_where_it_is_quietest(policy: type[SpeechSegmenter]) -> None:
    sound = script((0.9, 3.84), (0.55, 0.096), (0.9, 2.56), (0.1, 0.96))
    first, second = feed(make(policy, most_s=5.0), sound)
    assert first.end_s == second.start_s == pytest.approx(3.84 + 0.032, abs=0.033)
    assert second.end_s == pytest.approx(3.84 + 0.096 + 2.56)


def test_sound_that_is_no_number_is_refused_with_its_time(policy: type[SpeechSegmenter]) -> None:
    broken = silence(0.1)
    broken[3] = np.nan
    with pytest.raises(ValueError, match=r"12\.500 s"):
        make(policy).step(Audio(12.5, broken))


RUNS = st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.6, 0.95]), st.floats(0.04, 6.0)), min_size=1, max_size=10)


@given(runs=RUNS, cuts=st.lists(st.integers(0, 10**6), max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_is_cut_alike_in_any_chunks_without_overlap_and_bounded(
    runs: list[tuple[float, float]], cuts: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "VoiceActivity", ScriptedActivity)
        sound = script(*runs)
        whole = feed(make(SpeechSegmenter, 5.0), sound)
        parts = feed(make(SpeechSegmenter, 5.0), sound, cuts)
    assert times(whole) == times(parts)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
        around_s = len(one.samples) / SAMPLE_RATE_HZ - (one.end_s - one.start_s)
        assert -1e-6 <= around_s <= 2 * 0.256 + 1e-6
        assert len(one.samples) <= 5.0 * SAMPLE_RATE_HZ
    for one, other in itertools.pairwise(whole):
        assert one.end_s <= other.start_s + 1e-9


@pytest.mark.bundle
@pytest.mark.parametrize(
    "sound",
    [
        silence(10.0) * 0,
        0.1 * np.random.default_rng(0).standard_normal(16_000 * 20),
        0.5 * np.random.default_rng(1).standard_normal(16_000 * 10),
        0.3 * np.sin(2 * np.pi * 50 * np.arange(16_000 * 10) / SAMPLE_RATE_HZ),
    ],
    ids=["digital silence", "noise", "loud noise", "mains hum"],
)
def test_what_is_no_speech_gives_no_utterance(bundle_dir: Path, sound: Float32) -> None:
    segmenter = SpeechSegmenter(Bundle(bundle_dir), SpeechConfig())
    assert feed(segmenter, sound.astype(np.float32)) == []


@pytest.mark.bundle
def test_a_made_voice_is_heard_alike_in_any_chunks(bundle_dir: Path) -> None:
    sound = np.concatenate([silence(1.0), voice(3.0), silence(1.0)])
    bundle = Bundle(bundle_dir)
    whole = feed(SpeechSegmenter(bundle, SpeechConfig()), sound)
    parts = feed(SpeechSegmenter(bundle, SpeechConfig()), sound, range(0, len(sound), 777))
    assert whole and times(whole) == times(parts)
    assert whole[0].start_s >= 0.7 and whole[-1].end_s <= 4.5


@pytest.mark.bundle
@pytest.mark.data
def test_each_spoken_sentence_is_one_utterance_that_holds_the_whole_speech(bundle_dir: Path, data_dir: Path) -> None:
    bundle = Bundle(bundle_dir)
    for path in sorted((data_dir / "aishell_S0150").glob("*.flac"))[:12]:
        sound = [item for item in MediaFile(path).read() if isinstance(item, Audio)]
        segmenter = SpeechSegmenter(bundle, SpeechConfig())
        found = [u for item in sound for u in segmenter.step(item)] + segmenter.finish()
        assert len(found) == 1, path.name
        level = np.abs(np.concatenate([item.samples for item in sound]))
        inside = level[round(found[0].start_s * SAMPLE_RATE_HZ) : round(found[0].end_s * SAMPLE_RATE_HZ)]
        assert np.square(inside).sum() > 0.96 * np.square(level).sum(), path.name
        assert np.square(found[0].samples).sum() > 0.98 * np.square(level).sum(), path.name
