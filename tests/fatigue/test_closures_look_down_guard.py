from __future__ import annotations

import pytest

from edge.fatigue.closures import LookDownGuard

STILL_HEAD_SHUT_EYES_DEG = [
    *(4.08, 4.42, 4.10, 4.54, 4.14, 4.36, 4.40, 4.24, 4.34, 4.53, 4.65, 4.45, 4.45, 4.58, 4.70, 4.42, 4.63, 5.14, 5.60),
    *(6.11, 6.40, 5.99, 5.72, 5.90, 6.14, 6.03, 6.25, 6.70, 6.72, 8.15, 9.22, 9.54, 8.76, 8.27, 7.91, 7.59, 7.94, 8.04),
]
"""The mesh's pitch at 30 pictures a second of a drawn driver whose head is still; the lids fall just before `FALL`."""
FALL = 29


def held(fps: float, pitches_deg: list[float], fall: int) -> list[bool]:
    guard, found = LookDownGuard(), []
    for place, pitch_deg in enumerate(pitches_deg):
        guard.observe(place / fps, pitch_deg)
        if place == fall:
            guard.lids_went_down(place / fps - 0.003)
        found.append(guard.holds)
    return found


def test_the_shift_that_shutting_lids_give_the_mesh_is_no_movement_of_the_head():
    assert not any(held(30, STILL_HEAD_SHUT_EYES_DEG, FALL))


@pytest.mark.parametrize("fps", [30, 15, 8])
def test_a_head_that_bends_with_the_lids_may_follow_the_gaze_until_it_is_back(fps: float):
    still, bend = [4.0] * round(1.5 * fps), [4.0 + 12 * step / (0.2 * fps) for step in range(round(0.2 * fps))]
    pitches_deg = [*still, *bend, *[16.0] * round(fps), *[4.0] * round(0.5 * fps)]
    found = held(fps, pitches_deg, len(still))
    assert all(found[round(1.85 * fps) : round(2.5 * fps)])
    assert not found[-1]


def test_a_head_that_bends_later_is_the_neck_that_gives_way():
    pitches_deg = [*[4.0] * 45, *[4.0] * 12, *[20.0] * 30]
    assert not any(held(30, pitches_deg, 45))
