"""`emvas evaluate asr`: character and word error rates of a trained model on a list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from training.cli_options import device_options

if TYPE_CHECKING:
    from torch import Tensor

    from training.asr.evaluate import Reader, RecognitionResult
    from training.asr.model_adapters import CtcLearner
    from training.asr.whisper import WhisperLearner


@click.command(epilog="Example: emvas evaluate asr runs/digits/best.pt --data test.tsv")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="List of PATH<TAB>TEXT lines.",
)
@click.option(
    "--language-model",
    type=click.Path(path_type=Path, dir_okay=False),
    help="KenLM's n-grams of the model's tokens: search with beams.",
)
@click.option("--language", type=click.Choice(["zh", "en"]), help="Of a Whisper's transcripts.")
@click.option("--beams", type=click.IntRange(1), default=50, show_default=True)
@click.option("--weight", type=click.FloatRange(0), default=0.5, show_default=True, help="Of the language model.")
@device_options
@click.option("--json", "as_json", is_flag=True, help="Print the figures and the texts as JSON.")
def evaluate(
    checkpoint: Path,
    data: Path,
    language_model: Path | None,
    language: str | None,
    beams: int,
    weight: float,
    device: str,
    precision: str,
    as_json: bool,
) -> None:
    """Read the utterances of a list with CHECKPOINT, an emvas-asr-1 file or a folder of Whisper."""
    from training.asr.evaluate import judge
    from training.asr.manifest import read_list
    from training.asr.settings import AsrTraining
    from training.asr.sound_memory import SoundMemory
    from training.processes import place

    if checkpoint.is_dir():
        learner, reader = _whisper(checkpoint, language, language_model)
    else:
        learner, reader = _ctc(checkpoint, language_model, beams, weight)
    manifest = read_list(data)
    with place(device, precision) as here, Progress(console=Console(stderr=True), disable=not here.first) as progress:
        learner.module.to(here.device)
        bar = progress.add_task("reading", total=len(manifest.utterances))
        judged = judge(
            learner,
            manifest.utterances,
            SoundMemory(0.0),
            AsrTraining().frames_per_batch,
            here,
            reader,
            lambda read: progress.advance(bar, read),
        )
        if not here.first:
            return
    _show(checkpoint, [str(item) for item in (*manifest.skipped, *judged.failed)], judged, as_json)


def _whisper(folder: Path, language: str | None, language_model: Path | None) -> tuple[WhisperLearner, None]:
    from training.asr.whisper import WhisperLearner

    if language is None:
        raise click.UsageError("--language is missing: say what language Whisper is to write")
    if language_model is not None:
        raise click.UsageError("--language-model is for CTC models; Whisper has one of its own")
    return WhisperLearner.read_folder(folder, language), None


def _ctc(path: Path, language_model: Path | None, beams: int, weight: float) -> tuple[CtcLearner, Reader | None]:
    from training.asr.run import ctc_learner

    learner = ctc_learner(path)
    if language_model is None:
        return learner, None
    from training.asr.beam import BeamSearch

    search = BeamSearch(learner.vocabulary, language_model, beams, weight)

    def read(features: Tensor, length: Tensor) -> list[str]:
        return [search.text(row) for row in learner.log_probs(features, length)]

    return learner, read


def _show(checkpoint: Path, skipped: list[str], judged: RecognitionResult, as_json: bool) -> None:
    if as_json:
        texts = [{"path": str(u.path), "said": u.text, "read": text} for u, text in judged.read]
        click.echo(json.dumps({**judged.rates.plain(), "skipped": skipped, "texts": texts}, ensure_ascii=False))
        return
    for line in skipped:
        click.echo(f"Left out: {line}")
    rates = judged.rates
    click.echo(f"{len(judged.read)} utterances: CER {rates.cer:.4f}, WER {rates.wer:.4f}")
    click.echo(f"Next: emvas export asr {checkpoint}")
