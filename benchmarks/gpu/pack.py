"""What must travel to a GPU machine without a network: `python -m benchmarks.gpu.pack`, or `make proof-gpu-pack`."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import click
from rich.console import Console

from benchmarks.gpu.pieces import JOIN, cut
from demo.drive import DRIVE_CLIP
from edge.error import EmvasError

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("edge", "export", "training", "benchmarks", "demo", "configs")
_THERE = ("torch", "triton", "nvidia-", "cuda-")
"""Not packed: gigabytes that a machine with a GPU and torch has already; --whole packs them too."""
_OLDER = (*(f"manylinux_2_{number}_x86_64" for number in range(17, 28)), "manylinux2014_x86_64", "manylinux1_x86_64")
"""Older tags that any such machine takes as well; pip matches only those that it is told."""
_MOST_BYTES = 60_000_000
_PROVE = """#!/bin/sh
# Installs what was packed into an environment of its own and runs the proof; what the machine has is used too.
set -e
cd "$(dirname "$0")"
python3 -m venv --system-site-packages env
env/bin/python -m pip install --quiet --no-index --no-deps wheels/*.whl
PYTHONPATH=. env/bin/python -m benchmarks.gpu --bundle bundle --clip drive.mp4 --out "${1:-proof}"
"""


class PackError(EmvasError):
    """Something that must travel cannot be had here."""


@click.command(epilog="Example: python -m benchmarks.gpu.pack --bundle build/bundle --out build/gpu-pack --python 3.12")
@click.option("--bundle", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--clip", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Default: the demo's drive.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--python", "version", default="3.12", show_default=True, help="Python of the machine.")
@click.option("--platform", default="manylinux_2_28_x86_64", show_default=True, help="Newest platform tag it takes.")
@click.option("--whole", is_flag=True, help="Pack torch and CUDA's libraries too, gigabytes.")
def main(bundle: Path, clip: Path | None, out: Path, version: str, platform: str, whole: bool) -> None:
    """Pack wheels, bundle, clip and this checkout into pieces of 60 MB with a manifest and a script that joins them."""
    console = Console(stderr=True)
    out.mkdir(parents=True, exist_ok=True)
    try:
        console.print("finding the wheels")
        wheels = _wheels(out / "wheels", version, platform, whole)
    except EmvasError as error:
        raise click.ClickException(str(error)) from error
    archive = out / "emvas-gpu.tar"
    with tarfile.open(archive, "w") as packed:
        for name in _SOURCES:
            packed.add(_ROOT / name, name, filter=_without_caches)
        for wheel in wheels:
            packed.add(wheel, f"wheels/{wheel.name}")
        packed.add(bundle.resolve(), "bundle")
        packed.add(clip or DRIVE_CLIP.video, "drive.mp4")
        script = out / "prove.sh"
        script.write_text(_PROVE, encoding="utf-8")
        packed.add(script, script.name)
    pieces = cut(archive, out / "pieces", _MOST_BYTES)
    archive.unlink()
    click.echo(f"{len(pieces)} pieces in {out / 'pieces'}. Next: bring them over and run python3 {JOIN} there")


def _without_caches(item: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in item.name else item


def _wheels(folder: Path, version: str, platform: str, whole: bool) -> list[Path]:
    """The wheels of the extras `gpu` and `train` and of onnx for that machine, ours among them."""
    folder.mkdir(parents=True, exist_ok=True)
    where = ["--only-binary=:all:", "--python-version", version, "--implementation", "cp", "--platform", platform]
    for tag in _OLDER:
        where += ["--platform", tag]
    report = folder.parent / "resolved.json"
    _pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(_ROOT))
    ours = next(iter(folder.glob("emvas_edge-*.whl")))
    asked = ["install", "--dry-run", "--ignore-installed", "--quiet", "--target", str(folder / "nowhere")]
    _pip(*asked, "--report", str(report), *where, f"{ours}[gpu,train]", "onnx")
    found = json.loads(report.read_text(encoding="utf-8"))["install"]
    names = [f"{item['metadata']['name']}=={item['metadata']['version']}" for item in found]
    taken = [
        name
        for name in names
        if not name.lower().startswith("emvas") and (whole or not name.lower().startswith(_THERE))
    ]
    _pip("download", "--quiet", "--no-deps", "--dest", str(folder), *where, *taken)
    return sorted(folder.glob("*.whl"))


def _pip(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackError(f"pip {words[0]}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")


if __name__ == "__main__":
    main()
