"""Does the installed box keep itself up? `python -m benchmarks.install.systemd`, or `make proof-systemd`; as root.

In a container that boots with systemd, the package is installed from its wheel and its commands put the services in
place. Then its main process is killed, one of its stages is made to hang, it is stopped, and a configuration and a
bundle that fail are tried. Everything that is found is written as JSON and as a page; exit code 1 when one step fails.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from benchmarks.evidence import write_page
from benchmarks.install.systemd.box import Box
from benchmarks.install.systemd.container import SUITE, Container, debian, scratch
from benchmarks.install.systemd.steps import Proof, Step
from benchmarks.install.systemd.supplies import FPS, pack_bundles, recordings
from edge.error import EmvasError


@click.command(epilog="Example: python -m benchmarks.install.systemd")
@click.option("--bundle", type=click.Path(path_type=Path), default=Path("build/bundle"), show_default=True)
@click.option("--base", type=click.Path(path_type=Path), default=Path("build/boot-root"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/evidence"), show_default=True)
def main(bundle: Path, base: Path, out: Path) -> None:
    """Boot, install, break and mend; write systemd.json and systemd.md."""
    try:
        steps = _prove(bundle, base)
    except EmvasError as error:
        raise click.ClickException(str(error)) from error
    _write(steps, out)
    if not all(step.passed for step in steps):
        raise SystemExit(1)


def _prove(bundle: Path, base: Path) -> list[Step]:
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    def told(step: Step) -> None:
        console.print(f"{'ok    ' if step.passed else 'FAILED'} {step.what}: {step.found}", markup=False)

    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        root = debian(base)
        moving, still = recordings(folder)
        container = stack.enter_context(Container(root, stack.enter_context(scratch())))
        opt = container.root / "opt"
        pack_bundles(bundle, folder / "small", opt)
        for recording in (moving, still):
            (opt / recording.name).write_bytes(recording.read_bytes())
        proof = Proof(Box(container), told)
        Box(container).start_camera(f"/opt/{moving.name}", f"/opt/{still.name}")
        proof.all()
    return proof.steps


def _write(steps: list[Step], out: Path) -> None:
    systemd = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True).stdout
    record = {"suite": SUITE, "systemd": systemd.split()[1], "steps": [asdict(step) for step in steps]}
    rows = [
        f"| {step.what} | {'yes' if step.passed else '**no**'} | {step.found.splitlines()[0]} | {step.seconds} |"
        for step in steps
    ]
    page = [
        "# The installed box under systemd",
        "",
        f"Made by `make proof-systemd`: Debian {SUITE} booted in systemd-nspawn on a shared machine with "
        f"{os.cpu_count()} cores, the package from its wheel, a network camera with the demo's drive at {FPS:g} fps, "
        "Mosquitto, no microphone. Seconds are those of the whole step.",
        "",
        "| step | held | found | s |",
        "| --- | --- | --- | --- |",
        *rows,
    ]
    write_page(out, "systemd", record, "\n".join(page) + "\n")


if __name__ == "__main__":
    main()
