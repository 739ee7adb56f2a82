from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from edge.fatigue.gestures import Yawns
from edge.messages import Face

Curve = Callable[[float], float]
OPEN_EYE = 0.30


def yawns(mouth: Curve, fps: float = 25.0, until_s: float = 20.0, eye: float | None = 0.2, happy=0.0, gone=()):
    watcher, found = Yawns(), []
    for index in range(round(until_s * fps)):
        t_s = index / fps
        seen = mouth(t_s) if not any(start <= t_s < end for start, end in gone) else None
        face = Face(
            t_s, 1, usable=eye is not None, reason=None, eye_opening=eye, mouth=seen, expression={"happy": happy}
        )
        found.append(watcher.step(face, OPEN_EYE))
    found.append(watcher.finish())
    return [yawn for yawn in found if yawn]


def bump(length_s: float, peak: float, rest: float = 0.03, at_s: float = 5.0) -> Curve:
    def mouth(t_s: float) -> float:
        phase = (t_s - at_s) / length_s
        return rest + (peak * math.sin(math.pi * phase) ** 2 if 0 < phase < 1 else 0.0)

    return mouth


@pytest.mark.parametrize("fps", [30.0, 15.0, 8.0])
@pytest.mark.parametrize("rest", [0.01, 0.15])
def test_a_yawn_is_found_at_every_rate_and_from_every_mouth_at_rest(fps, rest):
    (found,) = yawns(bump(5.0, 0.6, rest), fps)
    assert 5.0 < found[0] < 7.0
    assert 8.0 < found[1] < 10.2


def test_one_yawn_with_a_dip_is_one_yawn():
    def mouth(t_s: float) -> float:
        return bump(5.0, 0.65)(t_s) if t_s < 7.5 else max(0.26 if t_s < 8 else 0.0, bump(4.0, 0.6, at_s=7.0)(t_s))

    assert len(yawns(mouth)) == 1


def test_a_yawn_goes_on_behind_a_short_loss_and_ends_at_a_long_one():
    assert len(yawns(bump(5.0, 0.6), gone=[(7.0, 7.3)])) == 1
    (found,) = yawns(bump(8.0, 0.6), gone=[(10.0, 13.0)])
    assert found[1] == pytest.approx(10.0, abs=0.05)


@pytest.mark.parametrize(
    ("mouth", "seen"),
    [
        (bump(1.5, 0.7), {}),
        (bump(5.0, 0.25), {}),
        (bump(30.0, 0.7), {}),
        (lambda t_s: min(0.36, bump(5.0, 0.9)(t_s)), {}),
        (bump(5.0, 0.42), {"happy": 0.9}),
        (bump(5.0, 0.52), {"eye": 0.29, "happy": 0.9}),
        (bump(7.0, 0.52), {"happy": 0.9}),
        (bump(5.0, 0.42), {"eye": 0.29}),
        (bump(5.0, 0.42), {"eye": None}),
        (bump(5.0, 0.6), {"eye": 0.34}),
        (lambda t_s: 0.7 if 7.4 < t_s < 7.6 else bump(5.0, 0.42)(t_s), {"eye": None}),
        (lambda t_s: 0.45 + 0.12 * math.sin(2 * math.pi * 3 * t_s) if 5 < t_s < 9 else 0.03, {}),
        (lambda t_s: 0.3 + 0.3 * math.sin(2 * math.pi * 4 * t_s) if t_s > 5 else 0.03, {}),
    ],
    ids=[
        "short",
        "shallow",
        "gaping",
        "laughing with the head turned",
        "laughing",
        "laughing loudly with open eyes",
        "laughing loudly for 3.6 s with eyes that laughter narrows",
        "singing with open eyes",
        "laughing behind dark glasses",
        "surprised",
        "one wrong picture behind dark glasses",
        "talking loudly",
        "talking",
    ],
)
def test_no_yawn(mouth, seen):
    assert yawns(mouth, until_s=40.0, **seen) == []


@pytest.mark.parametrize("eye", [0.29, None], ids=["open eyes", "dark glasses"])
def test_a_wide_yawn_needs_no_narrowed_eyes(eye):
    assert len(yawns(bump(5.0, 0.6), eye=eye)) == 1


def test_a_small_yawn_is_told_by_the_eyes_that_narrow_with_it():
    assert len(yawns(bump(5.0, 0.42), eye=0.2)) == 1


def test_a_yawn_that_a_net_takes_for_happy_is_a_yawn():
    assert len(yawns(bump(9.0, 0.5), eye=0.2, happy=0.9)) == 1
    assert len(yawns(bump(5.0, 0.65), eye=None, happy=0.9)) == 1
