"""The depot gives Mr Chen phrases in his language; what cannot be used is told, and the tones never wait for it."""

from __future__ import annotations

import time
import wave
from pathlib import Path

import numpy as np
import pytest
from made_voice import voice
from pydantic import ValidationError
from wav_files import write_wav

from edge.config import Config
from edge.config.decision import WarningConfig
from edge.messages import SAMPLE_RATE_HZ, Float32, Source, Warned
from edge.warning.phrases import LONGEST_S, PhraseError, load_phrases
from edge.warning.policy import Cue
from edge.warning.signals import PATTERNS, Signal, render
from edge.warning.speaker import Player
from edge.warning.warner import WarnerSink

RATE_HZ = SAMPLE_RATE_HZ
PAUSE = round(0.15 * RATE_HZ)
WAKE_UP = voice(1.0)


def played(player: Player, seconds: float) -> Float32:
    """What the device gets, with a mark where `fill` said that nothing sounds."""
    blocks = []
    for _ in range(round(seconds * 100)):
        block = np.empty(RATE_HZ // 100, np.float32)
        assert player.fill(block) or not block.any(), "the microphone hears what it does not know of"
        blocks.append(block)
    return np.concatenate(blocks)


def player(folder: Path, **settings: float) -> Player:
    made = Player(WarningConfig(**settings), time.monotonic, lambda: False, load_phrases(folder, "zh"))
    made.tune(RATE_HZ)
    return made


@pytest.mark.parametrize("signal", ["ready", "blind", "advisory", "warning", "critical", "emergency"])
def test_the_phrase_follows_the_whole_tones_and_replaces_none(tmp_path: Path, signal: Signal) -> None:
    write_wav(tmp_path / f"{signal}.zh.wav", WAKE_UP)
    speaking = player(tmp_path)
    speaking.play(Cue(signal, "a"))
    heard = played(speaking, 3.0)
    tones = render(PATTERNS[signal], RATE_HZ)
    gain = float(np.abs(heard[: len(tones)]).max() / np.abs(tones).max())
    assert heard[: len(tones)] == pytest.approx(gain * tones, abs=1e-3)
    assert not heard[len(tones) : len(tones) + PAUSE].any()
    phrase = heard[len(tones) + PAUSE :][: len(WAKE_UP)]
    assert phrase == pytest.approx(gain * WAKE_UP, abs=1e-3)


def test_a_call_keeps_its_rhythm_and_speaks_in_every_fourth_repetition(tmp_path: Path) -> None:
    write_wav(tmp_path / "critical.zh.wav", WAKE_UP)
    speaking = player(tmp_path, volume=0.5, loudest=0.5)
    speaking.play(Cue("critical", "a"))
    tones = render(PATTERNS["critical"], RATE_HZ)
    pause = round(0.3 * RATE_HZ)
    spoken, bare = len(tones) + PAUSE + len(WAKE_UP) + pause, len(tones) + pause
    heard = played(speaking, (2 * spoken + 3 * bare) / RATE_HZ)
    at = 0
    for length in (spoken, bare, bare, bare, spoken):
        assert heard[at : at + len(tones)] == pytest.approx(0.5 * tones, abs=1e-3)
        at += length
    speaking.hush()
    assert not played(speaking, 5.0)[RATE_HZ * 2 :].any()
    warnings = [speaking.warnings.get() for _ in range(speaking.warnings.qsize())]
    assert [(told.type, told.times) for told in warnings if isinstance(told, Warned)][-1][0] == "end"


def test_a_phrase_of_another_rate_keeps_its_length_and_its_pitch(tmp_path: Path) -> None:
    t_s = np.arange(RATE_HZ) / RATE_HZ
    write_wav(tmp_path / "critical.en.wav", (0.5 * np.sin(2 * np.pi * 440 * t_s)).astype(np.float32))
    phrase = load_phrases(tmp_path, "en")["critical"].at(48_000)
    assert len(phrase) == pytest.approx(48_000, abs=100)
    assert np.argmax(np.abs(np.fft.rfft(phrase[:48_000], 48_000))) == pytest.approx(440, abs=1)


def test_only_the_language_of_the_box_speaks(tmp_path: Path) -> None:
    write_wav(tmp_path / "critical.en.wav", voice(0.5))
    write_wav(tmp_path / "advisory.zh.wav", voice(0.5))
    assert list(load_phrases(tmp_path, "zh")) == ["advisory"]


def stereo(path: Path) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((2, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(b"\1\0" * 32_000)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: None, "there is no phrase in the language zh"),
        (lambda folder: write_wav(folder / "wake.zh.wav", WAKE_UP), "SIGNAL.LANGUAGE.wav"),
        (lambda folder: write_wav(folder / "critical.fr.wav", WAKE_UP), "one of en, zh"),
        (lambda folder: write_wav(folder / "critical.zh.wav", voice(LONGEST_S + 0.1)), "lasts 2.6 s"),
        (lambda folder: write_wav(folder / "critical.zh.wav", voice(0.2)), "lasts 0.2 s"),
        (lambda folder: write_wav(folder / "critical.zh.wav", 0.05 * WAKE_UP), "dB of full scale"),
        (lambda folder: write_wav(folder / "critical.zh.wav", 20 * WAKE_UP), "dB of full scale"),
        (lambda folder: stereo(folder / "critical.zh.wav"), "has 2 channels"),
        (lambda folder: (folder / "critical.zh.wav").write_bytes(b"RIFF no sound"), "cannot be read as WAV"),
    ],
)
def test_what_cannot_be_used_is_told_and_the_tones_sound_without_it(tmp_path: Path, make, sentence: str) -> None:
    make(tmp_path)
    with pytest.raises(PhraseError, match=sentence):
        load_phrases(tmp_path, "zh")
    warning = {"speaker": "none such", "phrases": str(tmp_path), "phrase_language": "zh"}
    told: list[Source | Warned] = []
    with WarnerSink(Config(purpose="driver-safety", warning=warning), time.monotonic, told.append):
        pass
    fault = next(item for item in told if isinstance(item, Source) and item.source == "phrases")
    assert fault.state == "lost"
    assert sentence in fault.detail


def test_phrases_without_a_speaker_are_a_fault_of_the_configuration() -> None:
    with pytest.raises(ValidationError, match="phrases need a speaker"):
        WarningConfig(speaker=None, gpio="/dev/gpiochip0:17", phrases="/etc/emvas/phrases")
