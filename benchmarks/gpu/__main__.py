"""`python -m benchmarks.gpu --bundle DIR --out DIR`: every step of the proof, each with its own time limit."""

from __future__ import annotations

import hashlib
import platform
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from benchmarks.gpu import page
from benchmarks.gpu.step import Context, Outcome, Step, run
from demo.drive import DRIVE_CLIP
from edge.bundle.bundle import sha256_of
from edge.bundle.manifest import MANIFEST_FILE

STEPS = (
    Step("machine", "machine, driver, providers that load", 30),
    Step("refusal", "a provider that does not load is refused", 30),
    Step("golden", "golden self-test of every role and variant; engines are built here", 180),
    Step("parity", "fp16 and int8 against float32 on the clip's own inputs", 60),
    Step("latency", "median and 95th percentile of a run, with copies and without", 60),
    Step("prelu", "PRelu beside the two convolutions that replace it", 40),
    Step("replays", "a whole replay, faces and words, held against the CPU's", 90),
    Step("memory", "memory of the device with every model open", 60),
    Step("engines", "emvas export engine, its key, and a second run", 60),
    Step("learning", "a training step of every fusion model and of the Conformer", 120),
)
"""Cheap questions first: what a machine lacks is known before minutes are spent."""
_BUDGET_S = 480
"""Eight minutes for all of it: no step begins later."""


@click.command(epilog="Example: python -m benchmarks.gpu --bundle build/bundle --out build/gpu --dry")
@click.option("--bundle", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the outcomes.")
@click.option("--clip", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Default: the demo's drive.")
@click.option("--only", "wanted", multiple=True, help="This step only; may be repeated.")
@click.option("--dry", is_flag=True, help="Every step on the CPU: shows that the command works.")
def main(bundle: Path, out: Path, clip: Path | None, wanted: tuple[str, ...], dry: bool) -> None:
    """Prove on this GPU what the documentation promises about CUDA and TensorRT, and write gpu.json and gpu.md.

    A run that was broken off goes on: steps that held are not asked again. Exit code 1 when a step failed.
    """
    if unknown := set(wanted) - {step.name for step in STEPS}:
        raise click.UsageError(f"no step {', '.join(unknown)}; there are {', '.join(step.name for step in STEPS)}")
    out.mkdir(parents=True, exist_ok=True)
    video = clip or DRIVE_CLIP.video
    context = Context(bundle.resolve(), video.resolve(), out.resolve(), dry)
    outcomes = _run(context, [step for step in STEPS if not wanted or step.name in wanted], _key(context))
    page.write(outcomes, dry, out)
    click.echo(f"{out / 'gpu.md'} and .json written. Next: {_next(out, dry)}")
    if any(outcome.state == "failed" for outcome in outcomes):
        raise SystemExit(1)


def _run(context: Context, steps: list[Step], key: str) -> list[Outcome]:
    console, begun, outcomes = Console(highlight=False, soft_wrap=True), time.monotonic(), []
    for step in steps:
        if time.monotonic() - begun > _BUDGET_S:
            outcome = Outcome(step.name, step.asks, "absent", f"not asked: {_BUDGET_S} s were spent; run it again", 0.0)
        else:
            outcome = run(step, context, key)
        console.print(outcome.line, markup=False)
        outcomes.append(outcome)
    return outcomes


def _key(context: Context) -> str:
    """What an outcome depends on: bundle, clip, whether it was dry, and the machine with its Python."""
    files = [sha256_of(context.bundle / MANIFEST_FILE), sha256_of(context.clip)]
    parts = [*files, str(context.dry), platform.node(), sys.version]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _next(out: Path, dry: bool) -> str:
    if dry:
        return "the same without --dry, on a machine with a GPU"
    return f"read {out / 'gpu.md'}; on the machine of the checkout, python -m benchmarks.gpu.publish {out / 'gpu.json'}"


if __name__ == "__main__":
    main()
