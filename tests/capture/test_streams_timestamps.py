from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture.frames import MediaClock

PICTURES, SOUND = 0, 1


def test_an_ordinary_file_keeps_its_stamps() -> None:
    clock = MediaClock(1.4)
    assert {clock.shift_s(PICTURES, 1.4 + n / 25, 0.04) for n in range(100)} == {-1.4}
    assert clock.parts == 1


def test_an_hours_pause_of_a_recorder_stays_a_pause() -> None:
    clock = MediaClock(0.0)
    clock.shift_s(PICTURES, 0.0, 0.04)
    assert clock.shift_s(PICTURES, 3600.0, 0.04) == 0.0


def test_stamps_of_the_wall_clock_do_not_make_a_clip_fifty_years_long() -> None:
    clock = MediaClock(0.0)
    assert clock.shift_s(SOUND, 0.0, 0.02) == 0.0
    assert clock.shift_s(PICTURES, 1.7e9, 0.04) == -1.7e9, "its pictures count from another zero from the start"
    assert clock.shift_s(SOUND, 0.02, 0.02) == 0.0
    jumping = MediaClock(0.0)
    jumping.shift_s(PICTURES, 0.0, 0.04)
    assert 1.7e9 + jumping.shift_s(PICTURES, 1.7e9, 0.04) == pytest.approx(0.04), "or jumps there after its first"


def test_picture_and_sound_go_into_a_new_part_together_however_they_are_interleaved() -> None:
    """The sound of the first part ends after the pictures of the second have begun, as in joined MPEG-TS."""
    clock = MediaClock(0.0)
    for stream, start_s in ((PICTURES, 0.0), (SOUND, 0.1), (SOUND, 2.8), (PICTURES, 2.9)):
        clock.shift_s(stream, start_s, 0.1)
    pictures_s = clock.shift_s(PICTURES, 0.0, 0.1)
    assert clock.shift_s(SOUND, 2.9, 0.1) == 0.0, "still of the first part"
    assert clock.shift_s(SOUND, 0.1, 0.1) == pictures_s == 3.0
    assert clock.parts == 2


def test_a_new_part_may_begin_with_the_stream_that_began_late() -> None:
    """The sound of each part begins 0.3 s after its pictures, and comes first in the second."""
    clock = MediaClock(0.0)
    for stream, start_s in ((PICTURES, 0.0), (SOUND, 0.3), (SOUND, 2.9), (PICTURES, 2.9)):
        clock.shift_s(stream, start_s, 0.1)
    assert 0.3 + clock.shift_s(SOUND, 0.3, 0.1) == pytest.approx(3.3)
    assert clock.shift_s(PICTURES, 0.0, 0.1) == pytest.approx(3.0)


def test_each_of_two_resets_begins_where_the_file_had_got_to() -> None:
    clock = MediaClock(1.4)
    starts_s = []
    for _ in range(3):
        starts_s.append(1.4 + clock.shift_s(PICTURES, 1.4, 0.0))
        clock.shift_s(PICTURES, 4.36, 0.04)
    assert starts_s == pytest.approx([0.0, 3.0, 6.0])


@given(
    st.lists(st.tuples(st.floats(0, 2e9), st.integers(2, 30)), min_size=1, max_size=8),
    st.floats(0, 0.4),
)
def test_time_goes_forward_and_as_far_as_the_parts_are_long(parts: list[tuple[float, int]], lag_s: float) -> None:
    """Whatever the parts' clocks begin with, two streams stay as far apart as they were."""
    clock, placed = MediaClock(parts[0][0]), list[tuple[int, float, int, int]]()
    for number, (start_s, count) in enumerate(parts):
        for step in range(count):
            for stream, late_s in ((PICTURES, 0.0), (SOUND, lag_s)):
                raw_s = start_s + late_s + 0.5 * step
                placed.append((stream, raw_s + clock.shift_s(stream, raw_s, 0.5), number, step))
    for stream in (PICTURES, SOUND):
        times_s = [t_s for which, t_s, *_ in placed if which == stream]
        assert all(after > before - 0.5 - 1e-3 for before, after in itertools.pairwise(times_s))
    pairs = {key: {w: t for w, t, *k in placed if tuple(k) == key} for key in {(n, s) for *_, n, s in placed}}
    if all(abs(a[0] - b[0]) > 3700.0 for a, b in itertools.pairwise(parts)):
        assert all(abs(pair[SOUND] - pair[PICTURES] - lag_s) < 1e-3 for pair in pairs.values())
        assert max(t_s for _, t_s, *_ in placed) < sum(0.5 * count for _, count in parts) + len(parts) * (lag_s + 0.01)
