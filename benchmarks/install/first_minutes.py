"""The time and disk space from an empty machine to the first microsleep alert, in a fresh home directory.

    python -m benchmarks.install.first_minutes [--python PATH ...] [--json FILE] [--page FILE]

From a clean clone: `pip install '.[cpu,dashboard]'` with `emvas demo` for each Python, and `make demo`. Only pip's own
settings are taken over (index, certificates); nothing is cached.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from benchmarks.evidence import write_json, write_text
from export.report.machine import machine

_ROOT = Path(__file__).resolve().parents[2]
_ALERT = "ALERT microsleep new"
_FOUND = ("python3.10", "python3.11", "python3.12", "python3.13", "python3.14")


@dataclass(frozen=True, slots=True)
class Way:
    """One way from nothing to the alert."""

    how: str
    python: str
    install_s: float
    """Until the command could be called; 0 where one command does it all."""
    alert_s: float
    """Until the microsleep alert stood on the terminal, since the very start."""
    end_s: float
    cpu_s: float
    """Of all processes to the end: what a busy machine does not change."""
    disk_mb: int
    """Of environment, clone and home together."""
    torch: bool


@click.command(epilog="Example: python -m benchmarks.install.first_minutes --page docs/evidence/first_minutes.md")
@click.option("--python", "pythons", multiple=True, help="An interpreter; default: every one on the PATH.")
@click.option("--json", "json_path", default="docs/evidence/first_minutes.json", type=click.Path(path_type=Path))
@click.option("--page", "page_path", default="docs/evidence/first_minutes.md", type=click.Path(path_type=Path))
def main(pythons: tuple[str, ...], json_path: Path, page_path: Path) -> None:
    """Measure both ways and write the figures."""
    found = [place for name in pythons or _FOUND if (place := shutil.which(name))]
    if not found:
        raise click.ClickException("no Python from 3.10 on is on the PATH: name one with --python")
    ways = [_installed(python) for python in found]
    ways.append(_made(found[0]))
    figures = {"machine": machine(), "when": time.strftime("%Y-%m-%d"), "ways": [asdict(way) for way in ways]}
    write_json(json_path, figures)
    write_text(page_path, page(figures))
    click.echo(f"written: {json_path} and {page_path}")


def _installed(python: str) -> Way:
    with tempfile.TemporaryDirectory() as place:
        folder, environment = _fresh(Path(place))
        begun, cpu_s = time.monotonic(), _children_s()
        _run([python, "-m", "venv", folder / "venv"], folder, environment)
        wheel = f"{folder / 'clone'}[cpu,dashboard]"
        _run([folder / "venv/bin/pip", "install", "--quiet", "--no-cache-dir", wheel], folder, environment)
        install_s = time.monotonic() - begun
        alert_s, end_s = _watched([folder / "venv/bin/emvas", "demo"], folder, environment, begun)
        how = "pip install '.[cpu,dashboard]', emvas demo"
        return _way(how, folder / "venv", folder, (install_s, alert_s, end_s, _children_s() - cpu_s))


def _made(python: str) -> Way:
    with tempfile.TemporaryDirectory() as place:
        folder, environment = _fresh(Path(place))
        begun, cpu_s = time.monotonic(), _children_s()
        command = ["make", "demo", f"PYTHON={python}"]
        alert_s, end_s = _watched(command, folder / "clone", environment, begun)
        return _way("make demo", folder / "clone/.venv", folder, (0.0, alert_s, end_s, _children_s() - cpu_s))


def _children_s() -> float:
    """Processor time of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _way(how: str, venv: Path, folder: Path, seconds: tuple[float, float, float, float]) -> Way:
    version = _run([venv / "bin/python", "-c", "import platform; print(platform.python_version())"], folder, {})
    torch = any(venv.glob("lib/python*/site-packages/torch"))
    size = round(_bytes(folder) / 1e6)
    return Way(how, version.strip(), *(round(value, 1) for value in seconds), disk_mb=size, torch=torch)


def _fresh(place: Path) -> tuple[Path, dict[str, str]]:
    (place / "home").mkdir()
    _run(["git", "clone", "--quiet", _ROOT, place / "clone"], place, os.environ)
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return place, {"HOME": str(place / "home"), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "COLUMNS": "120", **pip}


def _run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def _watched(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], begun: float
) -> tuple[float, float]:
    """When the alert was told and when the command ended, in seconds since `begun`."""
    alert_s = None
    process = subprocess.Popen(
        command, cwd=folder, env={**environment, "PYTHONUNBUFFERED": "1"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        sys.stderr.write(line)
        if alert_s is None and _ALERT in line:
            alert_s = time.monotonic() - begun
    if process.wait() or alert_s is None:
        raise click.ClickException(f"{' '.join(map(str, command))} gave no alert, code {process.returncode}")
    return alert_s, time.monotonic() - begun


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def page(figures: Mapping[str, object]) -> str:
    """The figures as Markdown."""
    about, ways = figures["machine"], figures["ways"]
    assert isinstance(about, dict)
    assert isinstance(ways, list)
    rows = "".join(_row(way) for way in ways)
    return (
        "# The first minutes\n\n"
        "From nothing to the microsleep alert of the made-up drive, each in a home of its own, nothing cached, from a "
        f"clean clone. {about['cpu']}, {about['cores']} cores, load {about['load_1_min']} at the end, "
        f"{figures['when']}. The drive itself plays for 66 s, its alert comes at its second 41.9; the rest is "
        "downloading and unpacking.\n\n"
        "| way | Python | alert after, s | ended after, s | CPU, s | on disk, MB | torch |\n"
        "|---|---|---:|---:|---:|---:|---|\n"
        f"{rows}\n"
        "`python -m benchmarks.install.first_minutes` measures it on your machine.\n"
    )


def _row(way: Mapping[str, object]) -> str:
    seconds = (f"{way[name]:.0f}" for name in ("alert_s", "end_s", "cpu_s"))
    cells = (way["how"], way["python"], *seconds, way["disk_mb"], "yes" if way["torch"] else "no")
    return f"| {' | '.join(map(str, cells))} |\n"


if __name__ == "__main__":
    main()
