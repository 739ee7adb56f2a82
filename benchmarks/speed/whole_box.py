"""Time and memory of a whole recording: `python -m benchmarks.speed.whole_box --bundle DIR --config C FILE...`.

Each file is replayed in a process of its own, so that start-up and peak memory are its own. `start` is the time from
launch until the first picture or sound could be taken; `work` is replaying, on as many threads as the configuration
gives each model.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import click
import onnxruntime
from rich.console import Console
from rich.table import Table

from benchmarks.evidence import write_json

_CHILD = "EMVAS_BENCHMARK_STARTED"
Figures = dict[str, float | str]


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--config", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures there.")
def main(files: tuple[Path, ...], bundle: Path, config: Path, out: Path | None) -> None:
    """Replay FILES one by one and print start-up, cost and memory of each."""
    if _CHILD in os.environ:
        click.echo(json.dumps(_replay(files[0], bundle, config, float(os.environ[_CHILD]))))
        return
    found = [in_own_process(file, bundle, config) for file in files]
    table = Table("file", "length s", "start s", "work s", "CPU s", "x real time", "CPU s a second", "peak MB")
    for figures in found:
        table.add_row(*(value if isinstance(value, str) else f"{value:.2f}" for value in figures.values()))
    Console().print(table)
    if out is not None:
        machine = {"cpu": _processor(), "python": platform.python_version(), "onnxruntime": onnxruntime.__version__}
        write_json(out, {"machine": machine, "files": found})


def in_own_process(file: Path, bundle: Path, config: Path) -> Figures:
    """One row: the file replayed by a process that ends with it."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.speed.whole_box",
        str(file),
        "--bundle",
        str(bundle),
        "--config",
        str(config),
    ]
    environment = {**os.environ, _CHILD: str(time.time())}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    figures: Figures = json.loads(done.stdout)
    return figures


def _replay(file: Path, bundle_path: Path, config_path: Path, launched_s: float) -> Figures:
    from edge.bundle.bundle import Bundle
    from edge.config import load_config
    from edge.runtime.pipeline import Pipeline, replay_file, session_of

    config = load_config(config_path)
    bundle = Bundle(bundle_path, config.models.provider, config.models.threads)
    pipeline = Pipeline(bundle, config, session_of(file))
    start_s = time.time() - launched_s
    cpu_s = time.process_time()
    report = replay_file(file, pipeline, [])
    cpu_s = time.process_time() - cpu_s
    return {
        "file": file.name,
        "length_s": report.length_s,
        "start_s": start_s,
        "work_s": report.wall_s,
        "cpu_s": cpu_s,
        "speed": report.speed,
        "cpu_per_second": cpu_s / report.length_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
