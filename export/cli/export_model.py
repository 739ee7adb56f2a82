"""`emvas export asr`, `emvas export encoder`, `emvas export fusion`: a trained model becomes a role of a bundle."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.bundle.contract import CONTRACTS
from edge.bundle.manifest import VariantName, read_manifest

if TYPE_CHECKING:
    from export.exporters import Exporter, Group


_VARIANTS: tuple[VariantName, ...] = get_args(VariantName)
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_EXAMPLES = {
    "asr": "emvas export asr runs/conformer/best.pt --into build/bundle --out build/bundle-asr",
    "encoder": "emvas export encoder weights/xlm-roberta-base --into build/bundle --out build/bundle-text",
    "fusion": "emvas export fusion tfn-sims.pth --set seq_lens=39,400,55 --into build/bundle --out build/bundle-tfn",
    "onnx": "emvas export onnx faces.onnx --role expression --set range=0,1 --labels neutral,happy,sad "
    "--into build/bundle --out build/bundle-faces",
}
_READS: dict[Group, str] = {
    "asr": "a speech recognizer",
    "encoder": "a text, picture or sound encoder",
    "fusion": "a fusion model of ours or of MMSA",
    "onnx": "an ONNX file",
}
_SAMPLES: dict[Group, str] = {
    "asr": "a list of recordings, `path<TAB>text` a line",
    "encoder": "an .npz with `text`, `image` or `samples`, and `label` where pictures have classes",
    "fusion": "a feature file, or a pickle of MMSA",
    "onnx": "an .npz with the graph's inputs by name",
}


def _command(group: Group) -> click.Command:
    def run(**given: Any) -> None:
        _export(group, **given)

    command = click.command(
        group,
        epilog=f"Example: {_EXAMPLES[group]}",
        help=f"Export CHECKPOINT, {_READS[group]}, into a copy of a bundle: traced, proven, quantized, described.",
    )(run)
    calibration = click.option(
        "--calibration", type=_FILE, help=f"Real inputs for the ranges of int8: {_SAMPLES[group]}."
    )
    evaluation = click.option(
        "--evaluation", type=_FILE, help="What every variant is judged by: the same kind of file."
    )
    labels = (_LABELS,) if group in ("encoder", "onnx") else ()
    for option in (*_BEFORE, *labels, calibration, evaluation, *_AFTER):
        command = option(command)
    return command


_BEFORE = (
    click.argument("checkpoint", type=click.Path(path_type=Path)),
    click.option("--model", help="What the checkpoint is, where it does not say it; see emvas export list."),
    click.option(
        "--into",
        "bundle",
        type=click.Path(path_type=Path, file_okay=False),
        required=True,
        help="The bundle whose copy gets the role.",
    ),
    click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        required=True,
        help="Folder of the new bundle; may be that of --into.",
    ),
    click.option("--role", help="Name of the role; default: what the model can be for the box."),
    click.option("--set", "words", multiple=True, metavar="KEY=VALUE", help="An option of the exporter."),
)
_LABELS = click.option(
    "--labels", help="What the classes are, in their order: neutral,happy,...; - for one that the box leaves out."
)
_AFTER = (
    click.option(
        "--variant",
        "variants",
        multiple=True,
        type=click.Choice(_VARIANTS),
        help="Try only this variant besides fp32; all without it.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)


def _export(
    group: Group,
    checkpoint: Path,
    model: str | None,
    bundle: Path,
    out: Path,
    role: str | None,
    words: tuple[str, ...],
    calibration: Path | None,
    evaluation: Path | None,
    variants: tuple[VariantName, ...],
    as_json: bool,
    labels: str | None = None,
) -> None:
    from export.bundle import refuse_foreign
    from export.exporters import OptionError
    from export.exporters.samples import expect_apart
    from export.role_build import BuildError

    named = {"calibration": calibration, "evaluation": evaluation, "role": role, "labels": labels}
    given = {key: str(value) for key, value in named.items() if value is not None}
    try:
        exporter, options = _chosen(group, checkpoint, model, role, words)
        read_manifest(bundle)  # reports a folder that is not a bundle before the long work
        refuse_foreign(out)
        if calibration and evaluation and group != "fusion":  # a feature file keeps them apart by its splits
            expect_apart(calibration, evaluation)
        name = _make(exporter, checkpoint, {**options, **given}, bundle, out, variants or _VARIANTS)
    except OptionError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise BuildError(f"{out} was not written: {error}") from error
    _report(name, out, as_json)


def _chosen(
    group: Group, checkpoint: Path, model: str | None, role: str | None, words: tuple[str, ...]
) -> tuple[Exporter, dict[str, str]]:
    from export.exporters.detect import detect
    from export.exporters.options import check_options, check_role, find_exporter

    exporter = find_exporter(model, group) if model else detect(checkpoint, group)
    check_role(exporter, role)
    return exporter, check_options(exporter, words)


def _make(
    exporter: Exporter,
    checkpoint: Path,
    options: Mapping[str, str],
    bundle: Path,
    out: Path,
    variants: tuple[VariantName, ...],
) -> str:
    """Write the new bundle and return the name of the role."""
    from export.bundle import add_role
    from export.pipeline import run_job

    start = time.monotonic()
    console = Console(stderr=True)
    with console.status("") as status, tempfile.TemporaryDirectory(prefix="emvas-export-") as folder:

        def progress(text: str) -> None:
            console.print(f"[dim]{time.monotonic() - start:6.1f} s[/] {escape(text)}")
            status.update(escape(text))

        progress(f"reading {checkpoint} as {exporter.name}")
        work = Path(folder)
        job = exporter.build(checkpoint, options, work)
        built = run_job(job, variants, work, progress)
        add_role(bundle, out, job.role, built, progress)
    return job.role


def _report(role: str, out: Path, as_json: bool) -> None:
    described = read_manifest(out).roles[role]
    refused = described.variants["fp32"].measured.get("refused", {})
    if as_json:
        variants = {name: variant.measured for name, variant in described.variants.items()}
        head = {"bundle": str(out), "role": role, "run_by_the_box": role in CONTRACTS}
        click.echo(json.dumps({**head, "default": described.default, "variants": variants}))
        return
    table = Table("variant", "MB", "ms, 1 thread", "task", "verdict", title=f"{role} in {out}")
    for name, variant in described.variants.items():
        megabytes = sum(graph.bytes for graph in variant.graphs.values()) / 1e6
        table.add_row(name, f"{megabytes:.2f}", *_figures(variant.measured), "in the bundle")
    for name, figures in refused.items():
        table.add_row(name, "", *_figures(figures), escape(f"refused: {figures['reason']}"))
    Console().print(table)
    if role not in CONTRACTS:
        click.echo(f"The box does not run role {role}: it is there for your own programs.")
    click.echo(f"Next: emvas check --bundle {out}")


def _figures(measured: Mapping[str, Any]) -> tuple[str, str]:
    latency_ms, task = measured.get("latency_ms_1_thread", {}), measured.get("task")
    return (
        ", ".join(f"{graph} {value:.2f}" for graph, value in latency_ms.items()),
        f"{task['name']} {task['score']:.4g}" if task else "",
    )


asr, encoder, fusion, onnx = (_command(group) for group in _READS)
