"""Does every fusion model learn, and does it use all three modalities? On a set whose best error is known.

    .venv/bin/python -m benchmarks.fusion.synthetic [--models mtme,tfn] [--seeds 3] [--json FILE]

Small sizes, a few epochs, CPU. `least` is the error that nobody can go below who is shown as much; `baseline` always
says the median label.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.evidence import write_json
from training.features.dataset import Features
from training.fusion.evaluate import BASELINE, CONDITIONS
from training.fusion.models import MODELS
from training.fusion.run import train_seeds
from training.fusion.settings import SEEDS, FusionSettings, checked
from training.processes import Place, place
from training.synthetic_features import least_error, trimodal

_SUBNETS = {"hidden": [16, 16, 16], "text_out": 16, "dropouts": [0.0, 0.0, 0.0]}
_LSTMS = {"lstm_hidden": [16, 16], "lstm_out": [16, 16], "fusion_hidden": 32, "single_hidden": [16, 16, 16]}
_GATES = {f"{part}_hidden": 16 for part in ("attention", "proposal", "retain", "update", "out")}
_SMALL: Mapping[str, Mapping[str, Any]] = {
    "ef_lstm": {"steps": 8, "hidden": 16, "layers": 1},
    "lf_dnn": {**_SUBNETS, "fusion_hidden": 16},
    "tfn": {**_SUBNETS, "fusion_hidden": 16},
    "lmf": {"hidden": [16, 16, 16], "rank": 4},
    "mfn": {"steps": 8, "hidden": [16, 16, 16], "memory": 16, **_GATES},
    "mult": {"size": 12, "heads": 2, "layers": 1},
    "misa": {"hidden": 64},
    "self_mm": _LSTMS,
    "mtfn": {**_SUBNETS, "fusion_hidden": 16},
    "mlf_dnn": {**_SUBNETS, "fusion_hidden": 16},
    "mlmf": {"hidden": [16, 16, 16], "rank": 4},
    "mtme": _LSTMS,
}
"""Sizes that fit the set; whatever else a model has stays at its published value."""
_TRAINING = {"batch_size": 32, "learning_rate": 5e-3, "epochs": 12, "early_stop": 4}
_RATES = {"misa": 5e-4}
"""Learning rates of models that do not learn with that one; MISA's published one is lower still."""
_MODALITY_DROPOUT = 0.1


def settings_of(model: str, **training: Any) -> FusionSettings:
    """Small settings of a model."""
    content = {"modality_dropout": _MODALITY_DROPOUT, **_SMALL[model]}
    rate = {"learning_rate": _RATES.get(model, _TRAINING["learning_rate"])}
    return checked({"model": content, "training": {**_TRAINING, **rate, **training}}, model)


def measure(model: str, features: Features, seeds: Sequence[int], here: Place, **training: Any) -> dict[str, Any]:
    """Train `model` on `features` with each seed; its figures as plain data, and `seconds`."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "features.npz"
        features.save(data)
        result = train_seeds(model, data, settings_of(model, **training), seeds, Path(folder) / "run", here)
    assert result is not None
    return {**result.plain(), "seconds": round(time.monotonic() - start, 1)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    features, seeds = trimodal(), [SEEDS[0] + index for index in range(arguments.seeds)]
    test = features.of("test")
    table = Table("model", *CONDITIONS, "acc-2", "s", box=None, title="Mean absolute error on the test split")
    table.add_row("least", *(f"{least_error(test, shown):.3f}" for shown in CONDITIONS.values()), "", "")
    results = []
    with place("cpu") as here:
        for model in arguments.models.split(","):
            found = measure(model, features, seeds, here)
            results.append(found)
            errors = [f"{found['conditions'][condition]['MAE']['mean']:.3f}" for condition in CONDITIONS]
            accuracy = f"{found['conditions']['all']['Mult_acc_2']['mean']:.3f}"
            table.add_row(model, *errors, accuracy, f"{found['seconds']:.1f}")
    nothing = results[0][BASELINE]
    table.add_row(BASELINE, *[f"{nothing['MAE']:.3f}"] * len(CONDITIONS), f"{nothing['Mult_acc_2']:.3f}", "")
    Console(width=120).print(table)
    if arguments.json:
        write_json(arguments.json, results)


if __name__ == "__main__":
    main()
