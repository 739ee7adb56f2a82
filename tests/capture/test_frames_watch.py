from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.capture.frames import FrameWatch, watched
from edge.messages import Frame, Source

Scene = Callable[[float], np.ndarray]


def cab(t_s: float) -> np.ndarray:
    """A cab with a driver who moves a little, and a sensor that adds its noise."""
    return _cab(round(1000 * t_s) % 13)


@cache
def _cab(variant: int) -> np.ndarray:
    noise = np.random.default_rng(variant).integers(-5, 6, (240, 320, 1))
    image = np.full((240, 320, 3), 90, np.uint8)
    cv2.rectangle(image, (0, 0), (140, 100), (200, 190, 180), -1)
    cv2.circle(image, (160 + variant // 4, 130), 60, (120, 140, 190), -1)
    cv2.putText(image, "EXIT", (220, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def taped(t_s: float) -> np.ndarray:
    return (cab(t_s) // 40 + 20).astype(np.uint8)


def out_of_focus(t_s: float) -> np.ndarray:
    return cv2.GaussianBlur(cab(t_s), (0, 0), 6)


def still(_: float) -> np.ndarray:
    return cab(0.0)


def words(parts: Iterable[tuple[float, float, Scene]], watch: FrameWatch | None = None) -> list[tuple[float, str]]:
    """What the watch says of scenes shown one after another, each for so many seconds at so many pictures a second."""
    watch, t_s, said = watch or FrameWatch(), 0.0, []
    for length_s, hz, scene in parts:
        for number in range(round(length_s * hz)):
            said += [
                (s.t_s, s.detail or s.state) for s in watch.step(Frame(t_s + number / hz, scene(t_s + number / hz)))
            ]
        t_s += length_s
    return said


def test_a_driver_in_an_ordinary_picture_is_no_trouble() -> None:
    assert words([(60, 10, cab)]) == []


@pytest.mark.parametrize(
    ("scene", "word", "within_s"),
    [(still, "the picture stands still", 6), (taped, "covered", 6), (out_of_focus, "out of focus", 6)],
)
def test_a_picture_that_shows_nothing_is_told_within_seconds_and_when_it_is_over(
    scene: Scene, word: str, within_s: float
) -> None:
    lost, back = words([(20, 10, cab), (20, 10, scene), (30, 10, cab)])
    assert word in lost[1]
    assert 20 < lost[0] <= 20 + within_s
    assert back[1] == "ok"
    assert 40 < back[0] <= 52


def test_two_pictures_a_second_are_too_few_and_three_are_not() -> None:
    (told,) = words([(30, 2, cab)])
    assert told[1] == "too few pictures: 2.0 a second, lids can be judged from 2.5 on"
    assert told[0] <= 5
    assert words([(30, 3, cab)]) == []


def test_a_camera_that_turns_slow_is_told_with_the_rate_since_then() -> None:
    (told,) = words([(20, 15, cab), (20, 2, cab)])
    assert told[1] == "too few pictures: 2.0 a second, lids can be judged from 2.5 on"
    assert 20 < told[0] <= 24


def test_one_picture_in_ten_seconds_is_told_too() -> None:
    (told,) = words([(60, 0.1, cab)])
    assert told[1].startswith("too few pictures: 0.1 a second")


def test_a_hole_in_a_recording_is_no_slow_camera() -> None:
    watch = FrameWatch()
    times_s = [*np.arange(0, 10, 0.1), *np.arange(100, 110, 0.1)]
    assert [source for t_s in times_s for source in watch.step(Frame(t_s, cab(t_s)))] == []


def test_a_hand_before_the_lens_for_two_seconds_is_not_worth_a_word() -> None:
    assert words([(10, 10, cab), (2, 10, taped), (10, 10, cab), (2, 10, out_of_focus), (10, 10, cab)]) == []


def test_headlights_that_pass_a_dark_bus_are_one_word() -> None:
    said = words([(20, 5, taped), (4, 5, cab)] * 5)
    assert [word.partition(":")[0] for _, word in said] == ["the picture shows nothing"]


def test_nobody_looks_at_a_picture_that_stands_still() -> None:
    """A decoder hangs on a picture of a driver with open eyes: he is not judged awake for it."""
    times_s = np.arange(0, 30, 0.1)
    items = watched((Frame(t_s, still(0) if 5 < t_s < 20 else cab(t_s)) for t_s in times_s), FrameWatch())
    passed = [item.t_s for item in items if isinstance(item, Frame)]
    assert [t_s for t_s in passed if 10.2 < t_s < 20] == []
    assert [t_s for t_s in passed if t_s >= 20] == pytest.approx(list(times_s[200:])), "at once when it moves again"


def test_a_camera_that_was_lost_meanwhile_is_told_anew() -> None:
    """It is pulled out while its picture stands still, and still stands still when it is back."""
    before = [Frame(0.1 * n, still(0)) for n in range(80)]
    gone = [Source(8.0, "camera", "lost", "it was pulled out"), Source(9.0, "camera", "ok")]
    after = [Frame(9.0 + 0.1 * n, still(0)) for n in range(80)]
    said = [(s.state, s.detail[:18]) for s in watched([*before, *gone, *after], FrameWatch()) if isinstance(s, Source)]
    assert [state for state, _ in said] == ["lost", "lost", "ok", "lost"]
    assert said[0] == said[3]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 15), st.sampled_from([cab, taped, still])), min_size=1, max_size=8))
def test_lost_and_ok_take_turns_whatever_is_shown(parts: list[tuple[int, Scene]]) -> None:
    said = [word for _, word in words([(length_s, 3.7, scene) for length_s, scene in parts])]
    for before, after in itertools.pairwise(said):
        assert before != after
    assert said[:1] != ["ok"]
