"""The figures of CH-SIMS and of CMU-MOSI and MOSEI, as MMSA counts them (`utils/metricsTop.py`, regression).

Everything is compared in float32, as MMSA compares: the label 0.1 is then exactly on the edge of its bin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

from edge.error import EmvasError

Floats = npt.NDArray[np.float32]
Figures = dict[str, float]
"""Figures by name, NaN if not defined."""

_SIMS_EDGES: Mapping[str, tuple[float, ...]] = {
    "Mult_acc_2": (0.0,),
    "Mult_acc_3": (-0.1, 0.1),
    "Mult_acc_5": (-0.7, -0.1, 0.1, 0.7),
}
"""Upper ends of the bins (lo, hi] but for the last, which ends at 1."""
_MOSI_LIMITS = {"Mult_acc_5": 2.0, "Mult_acc_7": 3.0}
"""Scores are clipped at plus and minus this, then rounded to a class."""
_DIGITS = 4
SCALE = {"sims": 1.0, "simsv2": 1.0, "mosi": 3.0, "mosei": 3.0}
"""Largest label of each data set, and its negative the least."""


class MetricsError(EmvasError):
    """The figures cannot be computed; the message gives the reason."""


def sims(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> Figures:
    """Figures of CH-SIMS and SIMSv2; both arguments [n], clipped at -1 and 1 first."""
    guess, label = (np.clip(values, -1, 1) for values in _pair(predicted, truth))
    figures = {}
    for name, edges in _SIMS_EDGES.items():
        guessed, labelled = _bins(guess, edges), _bins(label, edges)
        figures[name] = float(np.mean(guessed == labelled))
        if name == "Mult_acc_2":
            figures["F1_score"] = _weighted_f1(labelled, guessed)
    return _rounded(figures | _distances(guess, label))


def mosi(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> Figures:
    """Figures of CMU-MOSI and MOSEI; both arguments [n]. `Non0_*` leaves out samples whose truth is exactly 0."""
    guess, label = _pair(predicted, truth)
    figures = {
        "Has0_acc_2": float(np.mean((guess >= 0) == (label >= 0))),
        "Has0_F1_score": _weighted_f1(label >= 0, guess >= 0),
        "Non0_acc_2": math.nan,
        "Non0_F1_score": math.nan,
    }
    signed = label != 0
    if signed.any():
        guessed, labelled = guess[signed] > 0, label[signed] > 0
        figures["Non0_acc_2"] = float(np.mean(guessed == labelled))
        figures["Non0_F1_score"] = _weighted_f1(labelled, guessed)
    for name, limit in _MOSI_LIMITS.items():
        classes = [np.round(np.clip(values, -limit, limit)) for values in (guess, label)]
        figures[name] = float(np.mean(classes[0] == classes[1]))
    return _rounded(figures | _distances(guess, label))


METRICS: dict[str, Callable[[npt.ArrayLike, npt.ArrayLike], Figures]] = {
    "sims": sims,
    "simsv2": sims,
    "mosi": mosi,
    "mosei": mosi,
}
"""The figures of a dataset by its name."""

LOWER_IS_BETTER = frozenset({"MAE"})


def undefined(figures: Mapping[str, float]) -> list[str]:
    """A sentence for each figure that is not defined."""
    reasons = {"Corr": "the predictions or the labels are all the same"}
    return [
        f"{name} is not defined: {reasons.get(name, 'no sample has a label other than 0')}"
        for name, value in figures.items()
        if math.isnan(value)
    ]


def _pair(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[Floats, Floats]:
    guess, label = (np.asarray(values, dtype=np.float32).reshape(-1) for values in (predicted, truth))
    if guess.size != label.size or not guess.size:
        raise MetricsError(f"Figures need one prediction a label: there are {guess.size} for {label.size}")
    for name, values in (("predictions", guess), ("labels", label)):
        if bad := np.flatnonzero(~np.isfinite(values)).size:
            raise MetricsError(f"Figures cannot be counted: {bad} of {values.size} {name} are not finite")
    return guess, label


def _bins(values: Floats, edges: tuple[float, ...]) -> npt.NDArray[np.int64]:
    return np.searchsorted(np.array(edges, np.float32), values, side="left")


def _weighted_f1(truth: npt.NDArray[np.generic], guess: npt.NDArray[np.generic]) -> float:
    """The mean of the F1 of both classes, weighted by how often each is true; 0 for a class never hit."""
    return float(f1_score(truth, guess, average="weighted", zero_division=0))


def _distances(guess: Floats, label: Floats) -> Figures:
    constant = np.ptp(guess) == 0 or np.ptp(label) == 0
    return {
        "MAE": float(np.mean(np.abs(guess - label))),
        "Corr": math.nan if constant else float(np.corrcoef(guess, label)[0, 1]),
    }


def _rounded(figures: Figures) -> Figures:
    return {name: round(value, _DIGITS) for name, value in figures.items()}
