"""`emvas features`, `emvas merge-features` and `emvas convert-features`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SHOWN = 10
"""Number of problems on the screen; the table has all of them."""


class _Shard(click.ParamType):
    name = "I/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        part, slash, parts = str(value).partition("/")
        if not slash or not part.isdigit() or not parts.isdigit() or not 1 <= int(part) <= int(parts):
            self.fail(f"{value!r} is no part of a whole, as 3/16 is", param, ctx)
        return int(part), int(parts)


class _Workers(click.ParamType):
    name = "N|ray"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value) == "ray":
            return "ray"
        if not str(value).isdigit() or int(value) < 1:
            self.fail(f"{value!r} is neither a number of processes nor ray", param, ctx)
        return int(value)


@click.command(epilog="Example: emvas features data/CH-SIMS --bundle build/bundle --out sims.npz --workers 8")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option("--bundle", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the models.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The .npz to write.")
@click.option("--transcribe", is_flag=True, help="Hear the words with the bundle's recognizer; default: label.csv's.")
@click.option("--workers", type=_Workers(), default=1, help="Processes, or ray for a cluster; default 1.")
@click.option("--shard", type=_Shard(), default="1/1", help="Only this part of the rows, as 3/16; see merge-features.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def features(
    dataset: Path, bundle: Path, out: Path, transcribe: bool, workers: int | str, shard: tuple[int, int], as_json: bool
) -> None:
    """Compute the box's features of the clips of DATASET (label.csv, Raw/VIDEO/CLIP.*).

    After an interruption, run it again: it continues with the remaining clips. Rows without a sample are listed in
    OUT.errors.csv. Exit code 0: every row gave a sample; 1: some did not, the others are written.
    """
    from training.features.card import write_card
    from training.features.extract import ExtractionRequest, extract

    _expect(out, ".npz")
    console = Console(stderr=True)
    request = ExtractionRequest(dataset, bundle, out, transcribe, workers, shard)
    bar = Progress(
        TextColumn("clips"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
    )
    with bar:
        task = bar.add_task("clips", total=None)
        result = extract(request, lambda done, total: bar.update(task, completed=done, total=total))
    card = out.with_suffix(".md")
    notes = [
        f"{len(result.problems)} problems, most of them rows without a sample: see {request.errors.name}",
        f"{result.without_speech} clips without speech that the box hears, {result.several_utterances} with several "
        "utterances, taken as one",
    ]
    write_card(result.features, card, notes)
    for problem in result.problems[:_SHOWN]:
        console.print(escape(str(problem)), style="red", highlight=False, soft_wrap=True)
    if as_json:
        head = {"out": str(out), "samples": len(result.features), "resumed": result.resumed}
        click.echo(json.dumps({**head, "problems": [str(problem) for problem in result.problems]}, ensure_ascii=False))
    else:
        click.echo(f"{out}: {len(result.features)} samples ({result.resumed} from an earlier run); card {card}")
        if result.problems:
            click.echo(f"{len(result.problems)} problems in {request.errors}")
        click.echo(_next(out, shard))
    if result.problems:
        raise SystemExit(1)


def _next(out: Path, shard: tuple[int, int]) -> str:
    if shard[1] > 1:
        return "Next: emvas merge-features PART... --out WHOLE.npz, when all parts are there"
    return f"Next: emvas train fusion --model mtme --data {out}"


@click.command(epilog="Example: emvas merge-features part1.npz part2.npz --out sims.npz")
@click.argument("parts", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The .npz to write.")
def merge_features(parts: tuple[Path, ...], out: Path) -> None:
    """Join the PARTS that several machines computed (emvas features --shard)."""
    from training.features.assemble import merge
    from training.features.card import write_card
    from training.features.dataset import Features

    _expect(out, ".npz")
    if len(set(parts)) < len(parts):
        raise click.UsageError("a file is given twice")
    whole = merge({str(path): Features.load(path) for path in parts})
    whole.save(out)
    if "features" in whole.meta:
        write_card(whole, out.with_suffix(".md"), [f"merged from {len(parts)} files"])
    click.echo(f"{out}: {len(whole)} samples\n{_next(out, (1, 1))}")


@click.command(epilog="Example: emvas convert-features unaligned_39.pkl sims.npz")
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def convert_features(source: Path, target: Path) -> None:
    """Turn MMSA's pickle into a feature file (.pkl to .npz), or back (.npz to .pkl)."""
    from training.features.dataset import Features
    from training.features.mmsa import read_mmsa, write_mmsa

    kinds = (source.suffix, target.suffix)
    if kinds == (".pkl", ".npz"):
        read = read_mmsa(source)
        read.save(target)
        step = _next(target, (1, 1))
    elif kinds == (".npz", ".pkl"):
        read = Features.load(source)
        write_mmsa(read, target)
        step = "Next: MMSA_run(MODEL, DATASET, config={'featurePath': ...}) in MMSA"
    else:
        raise click.UsageError("one of the two files must end in .pkl (MMSA), the other in .npz (ours)")
    click.echo(f"{target}: {len(read)} samples\n{step}")


def _expect(path: Path, suffix: str) -> None:
    if path.suffix != suffix:
        raise click.BadParameter(f"{path} must end in {suffix}", param_hint="--out")
