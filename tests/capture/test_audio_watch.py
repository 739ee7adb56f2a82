from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture.audio import CLIPPED, QUIET, SHIFTED, SILENT, AudioWatch, Mixer, listened
from edge.messages import SAMPLE_RATE_HZ, Audio, Source

CHUNK = SAMPLE_RATE_HZ // 4
Make = Callable[[np.random.Generator], np.ndarray]


def at(level: float) -> Make:
    """A voice in a room, at a share of full scale."""
    return lambda chance: np.clip(level * chance.standard_normal(CHUNK) / 4, -1, 1).astype(np.float32)


def clipped(chance: np.random.Generator) -> np.ndarray:
    return np.clip(at(1.0)(chance) * 3, -1, 1).astype(np.float32)


def shifted(chance: np.random.Generator) -> np.ndarray:
    return at(0.2)(chance) + np.float32(0.1)


def words(*parts: tuple[float, Make]) -> list[tuple[float, str, str]]:
    watch, chance, t_s, said = AudioWatch(), np.random.default_rng(1), 0.0, []
    for length_s, make in parts:
        for _ in range(round(4 * length_s)):
            said += [(source.t_s, source.state, source.detail) for source in watch.step(Audio(t_s, make(chance)))]
            t_s += 0.25
    return said


def test_an_ordinary_room_is_no_trouble_and_neither_is_a_clap() -> None:
    assert words((100, at(0.2)), (0.25, clipped), (100, at(0.2)), (1, clipped), (400, at(0.02))) == []


@pytest.mark.parametrize(
    ("make", "state", "detail", "within_s"),
    [(at(0.0), "lost", SILENT, 61), (clipped, "ok", CLIPPED, 6), (shifted, "ok", SHIFTED, 11)],
)
def test_what_is_wrong_with_the_sound_is_told_and_when_it_is_over(
    make: Make, state: str, detail: str, within_s: float
) -> None:
    told, over = words((100, at(0.2)), (80, make), (60, at(0.2)))
    assert told[1:] == (state, detail)
    assert 100 < told[0] <= 100 + within_s
    assert over[1:] == ("ok", "")
    assert over[0] <= 180 + 30


def test_a_microphone_that_is_turned_down_is_told_after_minutes() -> None:
    (told,) = words((301, at(0.002)))
    assert told[1:] == ("ok", QUIET)


def test_a_short_recording_is_judged_at_its_end() -> None:
    watch = AudioWatch()
    items = [Audio(0.25 * n, np.zeros(CHUNK, np.float32)) for n in range(20)]
    assert [item for item in listened(items, watch) if isinstance(item, Source)] == []
    assert [(source.state, source.detail) for source in watch.finish(5.0)] == [("lost", SILENT)]


@given(st.floats(0.01, 1.0), st.booleans(), st.floats(0.0, 0.02))
def test_a_voice_is_heard_however_the_channels_are_wired(level: float, swapped: bool, noise: float) -> None:
    chance = np.random.default_rng(2)
    voice = (level * chance.standard_normal((30, 512)) / 4).astype(np.float32)
    mixer = Mixer()
    heard = [
        mixer.mix(np.stack([part, -part if swapped else part]) + (noise * level * part[::-1]).astype(np.float32))
        for part in voice
    ]
    power = np.mean(np.square(heard)) / np.mean(np.square(voice))
    assert power == pytest.approx(1.0, abs=0.1)
    assert mixer.opposed is swapped
    assert np.abs(heard).max() <= 1.02 * np.abs(voice).max(), "a mean is never louder than its parts"


def test_two_voices_on_two_channels_are_both_heard() -> None:
    chance = np.random.default_rng(3)
    mixer = Mixer()
    for _ in range(50):
        mixer.mix(chance.standard_normal((2, 512)).astype(np.float32))
    assert not mixer.opposed
