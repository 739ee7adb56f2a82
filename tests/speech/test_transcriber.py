"""The bundle's Whisper on real speech, and on sounds without a word."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.hearing.character_error import corpus_error_rate
from benchmarks.hearing.noises import noises, pauses
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError
from edge.capture.media import MediaFile
from edge.config.perception import SpeechConfig
from edge.messages import SAMPLE_RATE_HZ, Audio, Source, Utterance
from edge.speech.transcriber import WhisperTranscriber
from export.sample_speech import read_speech

pytestmark = pytest.mark.bundle

_GRID = {
    "bbaf2n": "bin blue at f 2 now",
    "brbk7n": "bin red by k 7 now",
    "lbbc2a": "lay blue by c 2 again",
    "pwij3p": "place white in j 3 please",
    "swiz3n": "set white in z 3 now",
}
_FIGURES = {"two": "2", "three": "3", "seven": "7"}


@pytest.fixture(scope="module")
def bundle(bundle_dir) -> Bundle:
    return Bundle(bundle_dir)


@pytest.fixture(scope="module")
def transcriber(bundle) -> WhisperTranscriber:
    return WhisperTranscriber(bundle, SpeechConfig())


@pytest.fixture(scope="module")
def mandarin(data_dir) -> list[tuple[str, np.ndarray]]:
    folder = data_dir / "aishell_S0150"
    rows = [line.split("\t") for line in (folder / "text.tsv").read_text(encoding="utf-8").splitlines()]
    return [(text, read_speech(folder / name, 28.0)) for name, text in rows[::16]]


def _utterance(samples: np.ndarray, start_s: float = 0.0) -> Utterance:
    return Utterance(start_s, start_s + len(samples) / SAMPLE_RATE_HZ, samples.astype(np.float32))


@pytest.mark.data
def test_mandarin_is_heard(transcriber, mandarin):
    heard = [transcriber.transcribe(_utterance(samples)) for _, samples in mandarin]
    assert {transcript.language for transcript in heard if transcript} == {"zh"}
    pairs = [
        (text, transcript.text if transcript else "") for (text, _), transcript in zip(mandarin, heard, strict=True)
    ]
    assert corpus_error_rate(pairs) < 0.2  # the whole speaker: .14
    assert all(0.3 < transcript.confidence <= 1.0 for transcript in heard if transcript)


@pytest.mark.data
def test_the_same_sound_gives_the_same_words_at_its_own_time(transcriber, mandarin):
    samples = mandarin[3][1]
    first, second = (transcriber.transcribe(_utterance(samples, start_s)) for start_s in (0.0, 60.0))
    assert (first.text, first.confidence) == (second.text, second.confidence)
    assert (second.start_s, second.t_s) == (60.0, second.end_s)


@pytest.mark.data
@pytest.mark.parametrize("name", _GRID)
def test_english_is_heard(transcriber, data_dir, name):
    transcript = transcriber.transcribe(_utterance(read_speech(data_dir / "clips" / "grid" / f"{name}.mpg", 28.0)))
    assert transcript.language == "en"
    words = [_FIGURES.get(word, word) for word in re.findall(r"[a-z]+|\d", transcript.text.lower())]
    said = _GRID[name].split()
    assert sum(word in words for word in said) >= len(said) / 2, transcript.text


@pytest.mark.data
@pytest.mark.parametrize("name", ["sad/03a02Ta.flac", "angry/08a01Wa.flac"])
def test_german_has_no_invented_words_but_its_language(transcriber, data_dir, name):
    transcript = transcriber.transcribe(_utterance(read_speech(data_dir / "emodb" / name, 28.0)))
    assert (transcript.text, transcript.language) == ("", "de") and transcript.confidence > 0.9


@pytest.mark.parametrize(("name", "language"), [("french", "fr"), ("spanish", "es")])
def test_french_and_spanish_have_no_invented_words(transcriber, name, language):
    samples = read_speech(Path(__file__).with_name("languages") / f"{name}.opus", 28.0)
    assert len(samples) > 3 * SAMPLE_RATE_HZ and np.abs(samples).max() > 0.1
    transcript = transcriber.transcribe(_utterance(samples))
    assert transcript is None or (transcript.text, transcript.language) == ("", language)


@pytest.mark.data
def test_a_call_for_help_keeps_its_words_and_its_repetition_is_cut(transcriber, cases_dir):
    transcript = transcriber.transcribe(_utterance(read_speech(cases_dir / "sound" / "amb_help.flac", 28.0)))
    words = re.findall(r"[a-z]+", transcript.text.lower())
    assert "ambulance" in words and "breathing" in words and transcript.language == "en"
    assert 1 <= words.count("help") <= 3, transcript.text


@pytest.mark.data
def test_the_second_sound_track_is_heard_where_the_first_is_silent(transcriber, cases_dir):
    items = list(MediaFile(cases_dir / "sound" / "two_tracks_en.mka").read())
    told = [item.detail for item in items if isinstance(item, Source) and item.state == "ok"]
    assert any("2" in detail for detail in told), told
    samples = np.concatenate([item.samples for item in items if isinstance(item, Audio)])
    assert transcriber.transcribe(_utterance(samples[: 28 * SAMPLE_RATE_HZ])).text


@pytest.mark.data
def test_its_words_are_a_setting_away(bundle, data_dir):
    german = WhisperTranscriber(bundle, SpeechConfig(languages=["de"]))
    samples = read_speech(data_dir / "emodb" / "neutral" / "03a01Nc.flac", 28.0)
    transcript = german.transcribe(_utterance(samples))
    assert transcript.language == "de" and "Lappen" in transcript.text


def test_a_language_that_the_model_does_not_know_is_refused(bundle):
    with pytest.raises(BundleError, match=r"speech\.languages: the bundle's recognizer knows no xx; it knows af, "):
        WhisperTranscriber(bundle, SpeechConfig(languages=["zh", "xx"]))


@pytest.mark.parametrize("duration_s", [2.0, 7.0])
def test_noise_has_no_words(transcriber, duration_s):
    for name, sound in noises(duration_s, (-60.0, -20.0), seed=1):
        assert transcriber.transcribe(_utterance(sound)) is None, name


@pytest.mark.data
def test_pauses_have_no_words(transcriber, bundle, mandarin):
    stretches = list(pauses(bundle, (samples for _, samples in mandarin), 2.0))[:3]
    assert stretches
    for stretch in stretches:
        assert transcriber.transcribe(_utterance(stretch)) is None
        assert transcriber.transcribe(_utterance(np.clip(10 * stretch, -1, 1))) is None


def test_too_long_a_sound_is_refused(transcriber):
    with pytest.raises(ValueError, match=r"31\.0 s of audio do not fit"):
        transcriber.transcribe(_utterance(np.zeros(31 * SAMPLE_RATE_HZ)))
