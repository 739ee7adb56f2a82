"""Do the fusion trainers reach MMSA's figures on CMU-MOSI? `python -m benchmarks.fusion.mosi FILE --out DIR`.

FILE is a feature file of MMSA or of `emvas features`, also with one step a modality. Each model is trained with its
published settings for MOSI, once per seed, and judged on the test split. CMU-MOSI is given out by its authors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.evidence import markdown_table, write_page
from training.fusion.evaluate import BASELINE
from training.fusion.models import MODELS
from training.fusion.run import train_seeds
from training.fusion.settings import CONFIGS, SEEDS, published
from training.processes import Place, place

WANTED = {"Non0_acc_2": 0.776, "MAE": 0.917}
"""MMSA's own tfn on its file of one step a modality, the same split and seeds: the least that tfn here must reach."""
SHOWN = ("Non0_acc_2", "Non0_F1_score", "Mult_acc_7", "MAE", "Corr")
TRAINED = tuple(name for name in MODELS if (CONFIGS / f"{name}-mosi.yaml").is_file())


def measure(model: str, data: Path, seeds: Sequence[int], work: Path, here: Place, **training: int) -> dict[str, Any]:
    """The figures of one model on the test split as plain data; `training` are settings other than the published."""
    settings = published(model, "mosi").changed({f"training.{key}": value for key, value in training.items()})
    result = train_seeds(model, data, settings, seeds, work / model, here, resume=True)
    assert result is not None
    return result.plain()


def reached(found: dict[str, Any]) -> bool:
    """Whether a model's means are no worse than those wanted."""
    means = {name: found["conditions"]["all"][name]["mean"] for name in WANTED}
    return means["Non0_acc_2"] >= WANTED["Non0_acc_2"] and means["MAE"] <= WANTED["MAE"]


def page(rows: Sequence[dict[str, Any]]) -> str:
    """The figures as a page."""
    wanted = ", ".join(f"{name} {value:g}" for name, value in WANTED.items())
    lines = [
        [row["model"], *(_cell(row["conditions"]["all"][name]) for name in SHOWN), "yes" if reached(row) else "no"]
        for row in rows
    ]
    lines.append([BASELINE, *(_number(rows[0][BASELINE][name]) for name in SHOWN), ""])
    return (
        f"# Fusion models on CMU-MOSI\n\n{rows[0]['rows']} rows of the test split, {len(rows[0]['seeds'])} seeds, "
        f"published settings; mean ± deviation. MMSA's own tfn: {wanted}.\n\n"
        + markdown_table(["model", *SHOWN, "reaches it"], lines)
    )


def _cell(figure: dict[str, float | None]) -> str:
    return f"{_number(figure['mean'])} ± {_number(figure['std'])}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--model", "models", multiple=True, type=click.Choice(TRAINED), help="Only this model; otherwise tfn.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--epochs", type=click.IntRange(1), help="At most; otherwise the published number.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True)
def main(data: Path, models: tuple[str, ...], seeds: int, epochs: int | None, out: Path) -> None:
    """Train on DATA and write OUT/mosi.json and OUT/mosi.md; a run that was stopped goes on."""
    numbers = [SEEDS[0] + index for index in range(seeds)]
    limit = {} if epochs is None else {"epochs": epochs}
    with place("cpu") as here:
        rows = [measure(model, data, numbers, out / "runs", here, **limit) for model in models or ("tfn",)]
    write_page(out, "mosi", rows, page(rows))
    click.echo(page(rows))


if __name__ == "__main__":
    main()
