"""A trained fusion against the late-fusion mean on the same held-out utterances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from training.fusion.predict import CONDITIONS
from training.starter.combined_utterances import Pair
from training.starter.single_modality import sign_of

Floats = npt.NDArray[np.float64]
Judge = Callable[[Sequence[str]], Floats]
"""The scores of all utterances with only some modalities."""
Figures = dict[str, float]


def compare(
    trained: Judge, held_out: Sequence[Pair], tuning: Sequence[Pair]
) -> Mapping[str, Mapping[str, Mapping[str, Figures]]]:
    """By set of utterances, condition and method: `trained`, `late`, and `late scaled`.

    The last is the mean times one factor per condition, which gives the least squared error on `tuning`. So its scale
    is fitted, as that of the trained model is.
    """
    labels = np.array([pair.label for pair in held_out])
    sets = {"all": np.ones(len(labels), bool), "agreed": np.array([pair.agreed for pair in held_out])}
    found: dict[str, dict[str, dict[str, Figures]]] = {name: {} for name in sets}
    for condition, shown in CONDITIONS.items():
        late = np.array([pair.late(shown) for pair in held_out])
        methods = {"trained": trained(shown), "late": late, "late scaled": _factor(tuning, shown) * late}
        for name, chosen in sets.items():
            found[name][condition] = {
                method: figures(scores[chosen], labels[chosen]) for method, scores in methods.items()
            }
    return found


def figures(scores: Floats, labels: Floats) -> Figures:
    """Share of right signs among labels with a sign, mean absolute error, and correlation."""
    signs = np.array([sign_of(label) for label in labels])
    signed = signs != 0
    varied = scores.std() > 0 and labels.std() > 0
    return {
        "sign_accuracy": round(float(np.mean(np.sign(scores[signed]) == signs[signed])), 3),
        "mae": round(float(np.abs(scores - labels).mean()), 3),
        "correlation": round(float(np.corrcoef(scores, labels)[0, 1]), 3) if varied else 0.0,
    }


def _factor(pairs: Sequence[Pair], shown: Sequence[str]) -> float:
    late = np.array([pair.late(shown) for pair in pairs])
    labels = np.array([pair.label for pair in pairs])
    return float(late @ labels / max(late @ late, 1e-9))
