from __future__ import annotations

import numpy as np
import pytest

from edge.evaluation.run import DIM, HELD_S, VIEWS, shown, stretched
from edge.messages import Face, Frame


def picture(view: str, seed: int = 1) -> np.ndarray:
    image = np.zeros((120, 160, 3), np.uint8)
    image[40:80, 60:100] = (60, 120, 200)
    return shown(Frame(0.0, image), view, np.random.default_rng(seed)).image


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_a_picture_and_the_same_again(view: str) -> None:
    image = picture(view)
    assert image.dtype == np.uint8 and image.shape[2] == 3
    assert np.array_equal(image, picture(view))


def test_infra_red_has_no_colour_and_dim_a_quarter_of_the_light() -> None:
    assert np.ptp(picture("infra-red").astype(int), axis=2).max() == 0
    patch = picture("dim")[45:75, 65:95].reshape(-1, 3).mean(0)
    assert patch == pytest.approx(DIM * np.array([60, 120, 200]), abs=1)


def test_a_small_picture_is_a_third_and_a_blurred_one_has_softer_edges() -> None:
    assert picture("small").shape == (40, 53, 3)
    edges = [np.abs(np.diff(picture(view)[60, :, 2].astype(int))).max() for view in ("as filmed", "blurred")]
    assert edges[0] > edges[1]


def test_a_stretched_picture_is_held_for_three_seconds_and_then_life_goes_on() -> None:
    pictures = [[Face(index / 10, 1, openness=float(index == 20))] for index in range(60)]
    start_s, faces = stretched(pictures, 2.02)
    told = [face for (face,) in faces]
    assert start_s == 2.0
    held = [face.t_s for face in told if face.openness == 1.0]
    assert (held[0], held[-1]) == (2.0, pytest.approx(2.0 + HELD_S - 0.1))
    assert [face.t_s for face in told] == sorted({face.t_s for face in told})
    assert told[-1].t_s == pytest.approx(3.0 + HELD_S)
