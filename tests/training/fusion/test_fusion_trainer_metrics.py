"""The figures equal MMSA's formulas, restated here as its source states them, and say what is not defined."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs the extra `train`")

from sklearn.metrics import accuracy_score, f1_score

from training.fusion.metrics import MetricsError, mosi, sims, undefined

BORDERS = np.array([-3, -2.5, -1.5, -1, -0.7, -0.5, -0.1, -0.0, 0, 0.1, 0.5, 0.7, 1, 1.5, 2.5, 3], np.float32)


def classes(values: np.ndarray, borders: list[float]) -> np.ndarray:
    """Class i for border i < value <= border i + 1, found one by one."""
    found = values.copy()
    for i in range(len(borders) - 1):
        found[np.logical_and(values > borders[i], values <= borders[i + 1])] = i
    return found


def multiclass(guess: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sum(np.round(guess) == np.round(truth)) / float(len(truth)))


def mmsa_sims(guess: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    guess, truth = np.clip(guess, -1.0, 1.0), np.clip(truth, -1.0, 1.0)
    borders = {2: [-1.01, 0.0, 1.01], 3: [-1.01, -0.1, 0.1, 1.01], 5: [-1.01, -0.7, -0.1, 0.1, 0.7, 1.01]}
    figures = {f"Mult_acc_{n}": multiclass(classes(guess, b), classes(truth, b)) for n, b in borders.items()}
    figures["F1_score"] = f1_score(classes(truth, borders[2]), classes(guess, borders[2]), average="weighted")
    figures["MAE"] = np.mean(np.absolute(guess - truth))
    figures["Corr"] = np.corrcoef(guess, truth)[0][1]
    return {name: round(float(value), 4) for name, value in figures.items()}


def mmsa_mosi(guess: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    nonzero = np.array([i for i, e in enumerate(truth) if e != 0])
    figures = {
        "Has0_acc_2": accuracy_score(guess >= 0, truth >= 0),
        "Has0_F1_score": f1_score(truth >= 0, guess >= 0, average="weighted"),
        "Non0_acc_2": accuracy_score(guess[nonzero] > 0, truth[nonzero] > 0),
        "Non0_F1_score": f1_score(truth[nonzero] > 0, guess[nonzero] > 0, average="weighted"),
        "Mult_acc_5": multiclass(np.clip(guess, -2, 2), np.clip(truth, -2, 2)),
        "Mult_acc_7": multiclass(np.clip(guess, -3, 3), np.clip(truth, -3, 3)),
        "MAE": np.mean(np.absolute(guess - truth)),
        "Corr": np.corrcoef(guess, truth)[0][1],
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of which a third lie exactly on the borders of bins, some beyond every scale."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 60))
    pair = rng.normal(0, rng.choice([0.3, 1.0, 2.5]), (2, n)).astype(np.float32)
    on_border = rng.random((2, n)) < 1 / 3
    pair[on_border] = rng.choice(BORDERS, on_border.sum())
    pair[:, 0], pair[:, 1] = (0.3, -0.4), (0.9, 0.8)  # never constant, and one label other than 0
    return pair[0], pair[1]


@pytest.mark.parametrize(("ours", "theirs"), [(sims, mmsa_sims), (mosi, mmsa_mosi)])
def test_equal_to_mmsa_on_many_cases(ours, theirs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(120):
            guess, truth = case(seed)
            assert ours(guess, truth) == theirs(guess, truth), f"case {seed}"


def test_borders_belong_to_the_bin_below():
    exact = np.array([-1, -0.7, -0.1, 0, 0.1, 0.7, 1], np.float32)
    above = np.nextafter(exact, np.float32(2))
    assert sims(exact, above)["Mult_acc_5"] == round(3 / 7, 4)  # -0.7, -0.1, 0.1 and 0.7 change their bin
    assert sims(exact, above)["Mult_acc_2"] == round(6 / 7, 4)  # only 0 does


def test_half_is_rounded_to_the_even_class():
    assert mosi([0.5, 1.5, 2.5], [0.0, 2.0, 2.0])["Mult_acc_7"] == 1.0


def test_sims_cuts_off_before_it_measures_distance():
    assert sims([3.0, -1.0], [1.0, -0.5])["MAE"] == 0.25
    assert mosi([3.0, -1.0], [1.0, -0.5])["MAE"] == 1.25


@pytest.mark.parametrize("figures", [sims, mosi])
def test_a_constant_has_no_correlation_and_that_is_said(figures):
    result = figures(np.full(7, 0.3), np.linspace(-1, 1, 7))
    assert math.isnan(result["Corr"])
    assert undefined(result) == ["Corr is not defined: the predictions or the labels are all the same"]


def test_no_signed_label_is_said():
    result = mosi([0.1, -0.2], [0.0, 0.0])
    assert math.isnan(result["Non0_acc_2"])
    assert "Non0_F1_score is not defined: no sample has a label other than 0" in undefined(result)


@pytest.mark.parametrize(
    ("guess", "truth", "sentence"),
    [
        ([], [], "there are 0 for 0"),
        ([1.0], [1.0, 2.0], "there are 1 for 2"),
        ([math.nan, 1.0], [0.0, 1.0], "1 of 2 predictions"),
        ([0.0, 1.0], [math.inf, 1.0], "1 of 2 labels"),
    ],
)
def test_what_cannot_be_counted_is_refused(guess, truth, sentence):
    with pytest.raises(MetricsError, match=sentence):
        sims(guess, truth)
