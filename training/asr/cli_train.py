"""`emvas train asr`: trains a speech model from lists of recordings and transcripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli_options import device_options, json_option, noted_progress, out_option

if TYPE_CHECKING:
    from training.asr.trainer import AsrPosition


@click.command(
    epilog="Example: emvas train asr --config configs/training/asr/fsdd.yaml --train train.tsv --valid valid.tsv "
    "--out runs/digits"
)
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Settings in YAML.")
@click.option(
    "--train",
    "train_list",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="List of PATH<TAB>TEXT lines to learn from.",
)
@click.option(
    "--valid",
    "valid_list",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Such a list to judge each epoch with.",
)
@out_option
@click.option("--model", type=click.Choice(["conformer", "whisper"]), default="conformer", show_default=True)
@click.option(
    "--from", "base", type=click.Path(path_type=Path), help="Start from this checkpoint, or folder of Whisper."
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Go on from this state; otherwise from OUT/last.pt where it is.",
)
@device_options
@json_option
def train(
    config: Path,
    train_list: Path,
    valid_list: Path,
    out: Path,
    model: str,
    base: Path | None,
    resume: Path | None,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Train a Conformer-CTC, or fine-tune one or a Whisper, on lists of PATH<TAB>TEXT lines.

    OUT/best.pt (for Whisper the folder OUT/best) is the model of the epoch with the fewest wrong characters;
    OUT/skipped.txt lists unusable lines; OUT/tensorboard/ has the curves. An interrupted run continues when it is
    started again. Under torchrun, every process gets its own batches.
    """
    from training.asr.run import train as run
    from training.asr.settings import read_settings
    from training.asr.trainer import BEST, SKIPPED
    from training.processes import place

    settings = read_settings(config)
    with place(device, precision) as here, noted_progress(here.first) as progress:
        lists = progress.add_task("lists", note="", total=None)
        bar = progress.add_task("training", note="", total=settings.training.epochs)

        def watch(position: AsrPosition, batches: int) -> None:
            last = position.history[-1] if position.history else None
            note = f"epoch {position.epoch}, loss {position.loss_sum / max(1, position.losses):.3f}"
            note += f", CER {last['cer']:.3f}, WER {last['wer']:.3f}" if last else ""
            progress.update(bar, completed=position.epoch - 1 + position.batch / batches, note=note)

        def listed(done: int, total: int) -> None:
            progress.update(lists, completed=done, total=total)

        position, skipped = run(
            settings, train_list, valid_list, out, here, model, base, resume, watch=watch, progress=listed
        )
        if not here.first:
            return
    best = min(reversed(position.history), key=lambda row: row["cer"])
    path = out / (BEST if model == "whisper" else f"{BEST}.pt")
    if as_json:
        click.echo(json.dumps({"model": str(path), "best": best, "skipped": skipped, "history": position.history}))
        return
    click.echo(f"{path}: CER {best['cer']:.4f}, WER {best['wer']:.4f} after epoch {best['epoch']:.0f}")
    if skipped:
        click.echo(f"{skipped} utterances could not be used: {out / SKIPPED} says why.")
    click.echo(f"Next: emvas evaluate asr {path} --data LIST, then emvas export asr {path}")
