"""Two eyes of one person: what is usual for each, which one counts, and how contour, net and iris are weighed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.fatigue.eye_baseline import (
    CERTAIN,
    CLOSED,
    DOUBTED,
    IRIS_PRIOR,
    KNOWN_S,
    LEARNED_S,
    LEAST_SHARE,
    OPEN_PRIOR,
    SAMPLE_S,
    TRUSTED_SHARE,
    USUAL_S,
    USUAL_SHARE,
    EyeBaseline,
    EyePair,
    EyesOpenness,
)
from edge.messages import EyeReading, Face, Side

LEARN_S = 60.0


def opening(openness: float) -> float:
    """The lids' aperture at an openness against the population's open eye."""
    return CLOSED + openness * (OPEN_PRIOR - CLOSED)


def reading(side: Side, openness: float, **more: float) -> EyeReading:
    return EyeReading(side, opening(openness), **more)


def face(t_s: float, *eyes: EyeReading) -> Face:
    return Face(t_s, 1, usable=True, reason=None, eye_opening=eyes[0].opening, eyes=eyes)


def looks(pair: EyePair, from_s: float, count: int, *eyes: EyeReading) -> list[EyesOpenness]:
    found = [pair.look(face(from_s + index / 10, *eyes)) for index in range(count)]
    return [look for look in found if look is not None]


def test_without_the_net_the_contour_alone_counts() -> None:
    look = EyeBaseline(LEARN_S).look(0.0, reading("left", 0.4, weight=0.7))
    assert (look.openness, look.contour, look.weight, look.iris) == (pytest.approx(0.4), pytest.approx(0.4), 0.7, None)


@pytest.mark.parametrize(
    ("contour", "share", "openness"),
    [
        (0.6, TRUSTED_SHARE, 0.6),
        (0.4, 1.0, 0.4),
        (0.4, 0.0, 0.0),
        (DOUBTED, 0.0, 0.0),
        ((DOUBTED + CERTAIN) / 2, 0.0, (DOUBTED + CERTAIN) / 4),
        (CERTAIN, 0.0, CERTAIN),
        (0.95, 0.0, 0.95),
        (0.4, TRUSTED_SHARE / 2, 0.2),
        ((DOUBTED + CERTAIN) / 2, TRUSTED_SHARE / 2, (DOUBTED + CERTAIN) / 2 * 0.75),
    ],
)
def test_the_net_lowers_what_the_contour_does_not_show_wide_open(contour: float, share: float, openness: float) -> None:
    look = EyeBaseline(LEARN_S).look(0.0, reading("left", contour, open_share=share))
    assert look.openness == pytest.approx(openness)


def test_usual_values_are_quantiles_of_open_eyes_after_a_second() -> None:
    eye = EyeBaseline(LEARN_S)
    irises = []
    for index in range(20):
        given = reading("left", 0.8, open_share=0.5 + 0.01 * (index % 10), iris_radius=0.15 + 0.01 * (index % 10))
        irises.append(eye.look(index / 10, given).iris)
    assert irises[0] == pytest.approx(0.15 / IRIS_PRIOR) and irises[8] == pytest.approx(0.23 / IRIS_PRIOR)
    assert irises[9] == pytest.approx(0.24 / 0.19), "ten samples: the fifth of them is usual"
    usual = sorted(0.5 + 0.01 * (index % 10) for index in range(20))[int(USUAL_SHARE * 19)]
    low = eye.look(2.0, reading("left", 0.4, open_share=usual * TRUSTED_SHARE / 2))
    assert low.openness == pytest.approx(0.2)


def test_eyes_that_are_not_surely_open_teach_nothing_usual() -> None:
    eye = EyeBaseline(LEARN_S)
    for index in range(25):
        eye.look(index / 10, reading("left", 0.69, open_share=0.1, iris_radius=0.1))
    assert eye.look(2.5, reading("left", 0.69, iris_radius=0.21)).iris == pytest.approx(0.21 / IRIS_PRIOR)


def test_a_usual_share_is_never_lower_than_the_net_gives_shut_eyes() -> None:
    eye = EyeBaseline(LEARN_S)
    for index in range(25):
        eye.look(index / 10, reading("left", 0.8, open_share=0.05))
    look = eye.look(2.5, reading("left", 0.4, open_share=LEAST_SHARE * TRUSTED_SHARE / 2))
    assert look.openness == pytest.approx(0.2)


def test_samples_come_ten_times_a_second_at_any_frame_rate_and_the_oldest_leave() -> None:
    eye = EyeBaseline(LEARN_S)
    for index in range(90):
        eye.look(index / 100, reading("left", 0.8, iris_radius=0.1))
    assert eye.look(0.89, reading("left", 0.8, iris_radius=0.1)).iris == pytest.approx(0.1 / IRIS_PRIOR)
    assert eye.look(0.91, reading("left", 0.8, iris_radius=0.1)).iris == pytest.approx(1.0)
    for index in range(round(USUAL_S / SAMPLE_S)):
        last = eye.look(1.01 + index / 10, reading("left", 0.8, iris_radius=0.3))
    assert last.iris == pytest.approx(1.0) and LEARNED_S < 1.0


def test_both_eyes_together_are_weighed() -> None:
    pair = EyePair(LEARN_S)
    look = pair.look(face(0.0, reading("left", 0.9, weight=3.0), reading("right", 0.5, weight=1.0)))
    assert look is not None
    assert (look.openness, look.contour, look.iris) == (pytest.approx(0.8), pytest.approx(0.8), None)
    irises = reading("left", 0.9, weight=3.0, iris_radius=0.21), reading("right", 0.5, weight=1.0, iris_radius=0.105)
    look = EyePair(LEARN_S).look(face(0.0, *irises))
    assert look is not None and look.iris == pytest.approx(0.875)
    look = EyePair(LEARN_S).look(face(0.0, irises[0], replace(irises[1], iris_radius=None)))
    assert look is not None and look.iris == pytest.approx(1.0)


def test_an_artificial_eye_is_left_out_once_it_is_known_never_to_shut() -> None:
    """Ana's left eye is of glass: it stays open while her right one shuts."""
    glass, own, shut = reading("left", 1.0), reading("right", 1.0), reading("right", 0.1)
    pair = EyePair(LEARN_S)
    looks(pair, 0.0, 20, glass, own)
    assert looks(pair, 2.0, 1, glass, shut)[0].openness == pytest.approx(0.55), "she may wink"
    looks(pair, 2.1, 10, glass, own)
    assert looks(pair, KNOWN_S + 0.1, 1, glass, shut)[0].openness == pytest.approx(0.1)
    assert looks(pair, 3.3, 1, glass, own)[0].openness == pytest.approx(1.0)


def test_a_covered_eye_is_left_out_once_it_is_known_never_to_open() -> None:
    pair = EyePair(LEARN_S)
    covered, own, shut = reading("left", 0.1), reading("right", 1.0), reading("right", 0.1)
    looks(pair, 0.0, 10, covered, own)
    looks(pair, 1.0, 5, covered, shut)
    assert looks(pair, 1.5, 1, covered, own)[0].openness == pytest.approx(0.55)
    assert looks(pair, KNOWN_S + 0.1, 1, covered, own)[0].openness == pytest.approx(1.0)


def test_eyes_that_both_move_are_both_judged_while_they_disagree() -> None:
    pair = EyePair(LEARN_S)
    looks(pair, 0.0, 20, reading("left", 1.0), reading("right", 1.0))
    looks(pair, 2.0, 5, reading("left", 0.1), reading("right", 0.1))
    assert looks(pair, 10.0, 1, reading("left", 1.0), reading("right", 0.1))[0].openness == pytest.approx(0.55)


def test_eyes_that_do_not_clearly_disagree_are_both_judged() -> None:
    pair = EyePair(LEARN_S)
    looks(pair, 0.0, 40, reading("left", 1.0), reading("right", 1.0))
    looks(pair, 4.0, 3, reading("left", 1.0), reading("right", 0.1))
    assert looks(pair, 5.0, 1, reading("left", 1.0), reading("right", 0.31))[0].openness == pytest.approx(0.655)
    assert looks(pair, 5.1, 1, reading("left", 0.69), reading("right", 0.1))[0].openness == pytest.approx(0.395)


def test_lids_low_over_an_eye_that_sees_are_lowered() -> None:
    assert EyesOpenness(0.49, 0.49, 0.96).lowered
    for look in (EyesOpenness(0.5, 0.5, 0.96), EyesOpenness(0.49, 0.49, 0.95), EyesOpenness(0.49, 0.49, None)):
        assert not look.lowered


def test_an_unusable_face_has_no_openness_and_a_plain_opening_counts_for_both_eyes() -> None:
    pair = EyePair(LEARN_S)
    assert pair.open == OPEN_PRIOR
    assert pair.look(Face(0.0, 1, eye_opening=0.3)) is None
    assert pair.look(Face(0.0, 1, usable=True, reason=None)) is None
    look = pair.look(Face(0.0, 1, usable=True, reason=None, eye_opening=opening(0.5)))
    assert look is not None and look.openness == pytest.approx(0.5)


def test_the_persons_open_eye_is_the_mean_of_both() -> None:
    pair = EyePair(LEARN_S)
    for index in range(100):
        pair.look(face(index / 10, EyeReading("left", 0.25), EyeReading("right", 0.35)))
    assert pair.open == pytest.approx(0.30)
