"""Trains the forest that separates blinks of drowsy and alert people: UTA-RLDD, 60 people.

    python -m training.heads.drowsiness --data DIR/rldd --out configs/bundles/drowsiness.npz

A random forest of shallow trees, trained on alert against drowsy. Its output is mapped to the Karolinska scale with
people outside its training. The figures in the checkpoint come from training on two folds and testing on the third.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from edge.fatigue.drowsiness import features
from training.heads.blink_sequences import ALERT, DROWSY, LOW_VIGILANCE, Fold, read_folds

Floats = npt.NDArray[np.float64]

TREES, DEPTH = 400, 6
KSS_OF_LABEL = {ALERT: 2.0, LOW_VIGILANCE: 6.5, DROWSY: 8.5}
"""The set's instruction to its people: alert is KSS 1 to 3, low vigilance 6 or 7, drowsy 8 or 9."""
KSS_POINTS = tuple(round(0.1 * step, 1) for step in range(11))
_KSS_WIDTH = 0.1
"""Half-width of the range of estimates from which the spread at one point is measured."""
_FORMAT = "emvas-forest-1"
_GOLDEN_ROWS = 16


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's estimate for one sequence of a person outside its training."""

    fold: int
    row: int
    label: int
    drowsiness: float


def train(folds: Sequence[Fold], seed: int = 0) -> RandomForestClassifier:
    """A forest trained on the alert and the drowsy sequences of `folds`."""
    sequences = np.concatenate([fold.sequences for fold in folds])
    labels = np.concatenate([fold.labels for fold in folds])
    used = labels != LOW_VIGILANCE
    forest = RandomForestClassifier(
        TREES,
        max_depth=DEPTH,
        min_samples_leaf=10,
        max_features=0.3,
        class_weight="balanced",
        n_jobs=-1,
        random_state=seed,
    )
    return forest.fit(features(sequences[used]), labels[used] == DROWSY)


def predict_unseen(folds: Sequence[Fold]) -> list[Prediction]:
    """Evaluate each fold with a forest trained on the others."""
    predictions = []
    for fold in folds:
        forest = train([other for other in folds if other is not fold])
        shares = forest.predict_proba(features(fold.sequences))[:, 1]
        pairs = zip(fold.labels.tolist(), shares.tolist(), strict=True)
        predictions += [Prediction(fold.number, row, *pair) for row, pair in enumerate(pairs)]
    return predictions


def areas_under_curve(predictions: Sequence[Prediction]) -> dict[int, float]:
    """The area under the ROC curve of each fold, alert against drowsy."""
    areas = {}
    for number in sorted({item.fold for item in predictions}):
        judged = [item for item in predictions if item.fold == number and item.label != LOW_VIGILANCE]
        areas[number] = float(
            roc_auc_score([item.label == DROWSY for item in judged], [item.drowsiness for item in judged])
        )
    return areas


def kss_scale(predictions: Sequence[Prediction]) -> dict[str, list[float]]:
    """Mean and standard deviation of KSS at points of the estimate, rising; all three labels count."""
    shares = np.array([item.drowsiness for item in predictions])
    truth = np.array([KSS_OF_LABEL[item.label] for item in predictions])
    mean = IsotonicRegression(out_of_bounds="clip").fit(shares, truth).predict(KSS_POINTS)
    spread = []
    for point, expected in zip(KSS_POINTS, mean, strict=True):
        near = np.abs(shares - point) <= _KSS_WIDTH
        spread.append(float(np.sqrt(np.mean((truth[near] - expected) ** 2))))
    return {
        "drowsiness": list(KSS_POINTS),
        "mean": [round(float(value), 2) for value in mean],
        "sd": [round(value, 2) for value in spread],
    }


def flattened(forest: RandomForestClassifier) -> dict[str, npt.NDArray[Any]]:
    """The trees as complete binary trees of `DEPTH`: for node i the feature and threshold, children 2i+1 and 2i+2.

    A branch that ends early continues to the left with a threshold of infinity; `leaf` is the share of drowsy ones.
    """
    nodes, leaves = 2**DEPTH - 1, 2**DEPTH
    feature = np.zeros((TREES, nodes), np.uint8)
    threshold = np.full((TREES, nodes), np.finfo(np.float32).max, np.float32)
    leaf = np.zeros((TREES, leaves), np.float32)
    for number, estimator in enumerate(forest.estimators_):
        tree = estimator.tree_
        stack = [(0, 0)]
        while stack:
            node, place = stack.pop()
            ended = tree.children_left[node] < 0
            if place >= nodes:
                counts = tree.value[node][0]
                leaf[number, place - nodes] = counts[1] / counts.sum()
                continue
            if not ended:
                feature[number, place], threshold[number, place] = tree.feature[node], tree.threshold[node]
            left, right = (node, node) if ended else (tree.children_left[node], tree.children_right[node])
            stack += [(left, 2 * place + 1), (right, 2 * place + 2)]
    return {"feature": feature, "threshold": threshold, "leaf": leaf}


def checkpoint(folds: Sequence[Fold]) -> dict[str, npt.NDArray[Any]]:
    """The forest trained on all folds, with the figures on unseen people."""
    predictions = predict_unseen(folds)
    areas = areas_under_curve(predictions)
    about = {
        "format": _FORMAT,
        "kss": kss_scale(predictions),
        "measured_on_unseen_people": {
            "auc_alert_against_drowsy": {str(number): round(area, 4) for number, area in areas.items()},
            "auc_mean": round(float(np.mean(list(areas.values()))), 4),
            "sequences": len(predictions),
        },
        "training_data": "UTA-RLDD (Ghoddoosian, Galib, Athitsos 2019): sequences of 30 blinks of 60 people who said "
        "themselves whether they were alert, of low vigilance or drowsy; the arrays' repository has the MIT licence",
    }
    everything = np.concatenate([fold.sequences for fold in folds])
    golden = features(everything[:: len(everything) // _GOLDEN_ROWS][:_GOLDEN_ROWS])
    return {**flattened(train(folds)), "golden_features": golden, "about": np.array(json.dumps(about))}


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
def main(data: Path, out: Path) -> None:
    """Train on all of DATA and write the checkpoint that the bundle's recipe names."""
    arrays = checkpoint(read_folds(data))
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    click.echo(f"{out}: {out.stat().st_size} bytes; {arrays['about']}")


if __name__ == "__main__":
    main()
