"""Would a trained head read valence from an expression better than the fixed table of `edge.affect.face_memory`?

    .venv/bin/python -m benchmarks.affect.facial_valence --bundle build/bundle --faces faces.npz [--json FILE]

Ridge regression on the mean probabilities of the expressions, trained on four fifths of the pictures, judged on the
rest, as is the table. The labels are a model's and noisy; nobody's face is known to be in one part only.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import RidgeCV

from benchmarks.evidence import write_json
from edge.affect.feature_schema import EXPRESSIONS
from edge.bundle.bundle import Bundle
from training.fusion.settings import SEEDS
from training.starter.compare import Figures, figures
from training.starter.faces import read_singles
from training.starter.single_modality import SingleModalitySample

_PENALTIES = (0.1, 1.0, 10.0, 100.0)


def judge(faces: Sequence[SingleModalitySample]) -> dict[str, Figures]:
    """The figures of the table, of the table with the best constant and factor, and of the head."""
    held_out = np.array([face.split == "test" for face in faces])
    probabilities = np.stack([face.rows[:, -len(EXPRESSIONS) :].mean(axis=0) for face in faces])
    labels = np.array([face.label for face in faces])
    table = np.array([face.evidence.score for face in faces])
    scores = {"table": table, "table fitted": _fitted(table[:, None], labels, ~held_out)}
    scores["head"] = _fitted(probabilities, labels, ~held_out)
    return {name: figures(values[held_out], labels[held_out]) for name, values in scores.items()}


def _fitted(
    values: npt.NDArray[np.floating], labels: npt.NDArray[np.float64], train: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    model = RidgeCV(_PENALTIES).fit(values[train], labels[train])
    return np.asarray(model.predict(values), np.float64)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found = read_singles(Bundle(arguments.bundle), arguments.faces, np.random.default_rng([SEEDS[0], 2]), print)
    result = {"pictures": len(found), "held_out": judge(found)}
    for name, values in result["held_out"].items():
        print(f"{name:13}", values)
    if arguments.json:
        write_json(arguments.json, result)


if __name__ == "__main__":
    main()
