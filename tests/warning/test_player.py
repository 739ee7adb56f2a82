from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.decision import WarningConfig
from edge.messages import Float32
from edge.warning.policy import Cue
from edge.warning.signals import PATTERNS, Signal, render
from edge.warning.speaker import Player

RATE_HZ = 16_000


class Deck:
    """A player and a time line that is what was played."""

    def __init__(self, quiet: bool = False, **settings: float) -> None:
        self.t_s = 0.0
        self.player = Player(WarningConfig(**settings), lambda: self.t_s, lambda: quiet)
        self.player.tune(RATE_HZ)

    def plays(self, seconds: float, block: int = 160) -> Float32:
        blocks = [np.empty(0, np.float32)]
        for _ in range(round(seconds * RATE_HZ / block)):
            blocks.append(np.empty(block, np.float32))
            self.player.fill(blocks[-1])
            self.t_s += block / RATE_HZ
        return np.concatenate(blocks)

    def told(self) -> list[tuple[str, str, int]]:
        told = []
        while not self.player.warnings.empty():
            item = self.player.warnings.get()
            told.append((item.signal, item.type, item.times))
        return told


@pytest.mark.parametrize("signal", list(PATTERNS))
@pytest.mark.parametrize("rate_hz", [8000, 16_000, 44_100, 48_000])
def test_every_signal_fits_its_length_stays_within_full_scale_and_begins_and_ends_in_silence(
    signal: Signal, rate_hz: int
) -> None:
    samples = render(PATTERNS[signal], rate_hz)
    assert len(samples) == pytest.approx(PATTERNS[signal].length_s * rate_hz, abs=4)
    assert 0.5 < np.abs(samples).max() <= 1.0
    assert abs(samples[0]) < 0.01
    assert abs(samples[-1]) < 0.05


def test_the_signals_are_told_apart_by_their_rhythm_or_their_pitch() -> None:
    def form(signal: Signal) -> tuple[tuple[float, ...], ...]:
        return tuple((tone.hz, round(tone.length_s, 1)) for tone in PATTERNS[signal].tones)

    assert len({form(signal) for signal in PATTERNS}) == len(PATTERNS)


def test_a_signal_begins_with_the_very_next_block_and_sounds_once() -> None:
    deck = Deck()
    assert not deck.plays(1.0).any()
    deck.player.play(Cue("warning", "a"))
    assert np.abs(deck.plays(0.02)[:160]).max() > 0.01
    deck.plays(3.0)
    assert not deck.plays(1.0).any()
    assert deck.told() == [("warning", "begin", 0), ("warning", "end", 1)]


def test_a_critical_one_is_repeated_louder_and_louder_up_to_the_bound_and_ends_after_a_whole_one() -> None:
    deck = Deck(volume=0.3, loudest=0.6)
    deck.player.play(Cue("critical"))
    peaks = [float(np.abs(deck.plays(0.9)).max()) for _ in range(6)]
    assert peaks == sorted(peaks)
    assert peaks[0] < 0.32
    assert 0.5 < peaks[-1] < 0.601
    deck.player.hush()
    deck.plays(0.7)
    assert not deck.plays(5.0).any()
    assert deck.told()[-1] == ("critical", "end", 7)


def test_an_emergency_never_pauses() -> None:
    deck = Deck()
    deck.player.play(Cue("emergency"))
    sound = np.abs(deck.plays(10.0)).reshape(-1, 800).max(axis=1)
    assert sound.min() > 0.1


def test_that_the_box_cannot_see_is_said_again_every_ten_minutes_and_a_chime_may_come_between() -> None:
    deck = Deck()
    deck.player.play(Cue("blind"))
    deck.plays(100.0, 1600)
    assert deck.player.idle
    deck.player.play(Cue("advisory"))
    assert deck.plays(1.0).any()
    assert not deck.plays(495.0, 1600).any()
    assert deck.plays(10.0, 1600).any()


def test_quiet_hours_soften_a_chime_and_never_a_call() -> None:
    loudness = {}
    for quiet in (False, True):
        for signal in ("advisory", "warning", "critical", "emergency"):
            deck = Deck(quiet)
            deck.player.play(Cue(signal))
            loudness[signal, quiet] = float(np.abs(deck.plays(0.5)).max())
    for signal in ("advisory", "warning"):
        assert loudness[signal, True] == pytest.approx(loudness[signal, False] / 10**0.6, rel=0.01)
    for signal in ("critical", "emergency"):
        assert loudness[signal, True] == loudness[signal, False]


def test_after_an_outage_a_call_goes_on_and_an_old_chime_does_not() -> None:
    deck = Deck()
    deck.player.play(Cue("advisory"))
    deck.t_s += 5.0
    deck.player.tune(48_000)
    assert not deck.plays(1.0).any()
    deck.player.play(Cue("critical"))
    deck.t_s += 60.0
    deck.player.tune(RATE_HZ)
    assert deck.plays(1.0).any()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([*PATTERNS, "hush"]), st.floats(0.0, 2.0)), max_size=12),
    st.sampled_from([64, 160, 441, 1024]),
)
def test_whatever_is_asked_for_the_sound_stays_within_bounds_and_each_begin_has_one_end(
    asked: list[tuple[str, float]], block: int
) -> None:
    deck = Deck(volume=0.5, loudest=0.8)
    for what, seconds in asked:
        if what == "hush":
            deck.player.hush()
        else:
            deck.player.play(Cue(what))
        assert np.abs(deck.plays(seconds, block)).max(initial=0.0) < 0.801
    deck.player.hush()
    deck.plays(3.0, block)
    ends = [kind for _, kind, _ in deck.told()]
    assert ends.count("begin") == ends.count("end")
