"""Does the box run on a 64-bit ARM? `python -m benchmarks.install.aarch64`, or `make test-aarch64`.

The real programs of an ARM Debian and the real ARM wheels run under qemu's user mode: `emvas replay` and `emvas run` on
a stretch of the demo's drive with a microsleep. The alerts must be those of this machine. Nothing is timed: an emulated
processor says nothing about a real one.

It needs `apt install qemu-user-static debootstrap` and, the first time, root (debootstrap asks for it) and a network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution, requires
from pathlib import Path
from typing import Any

import click
import yaml
from packaging.requirements import Requirement
from rich.console import Console

from benchmarks.endurance.camera import recode
from demo.drive import DRIVE_CLIP
from edge.error import EmvasError
from edge.store.reader import TimelineReader

_SUITE, _PYTHON = "bookworm", "3.11"
_PACKAGES = "python3,libportaudio2"
_WHEELS = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
_PURE = ("opencc-python-reimplemented",)
"""No wheel is published, and no machine code is in it."""
_FROM_S, _TO_S, _FPS = 38.0, 45.5, 5.0
"""The drive's four seconds of shut lids, with open eyes before and after; few pictures, because each takes seconds."""
_CPU = """processor\t: {number}
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd42
CPU revision\t: 1

"""
"""A Cortex-A78AE, the Jetson Orin's: onnxruntime reads /proc/cpuinfo and does not bear the description of another."""
_EMVAS = ("-c", "from edge.cli.main import main; main()")
_ROOT = Path(__file__).resolve().parents[2]


class ArmError(EmvasError):
    """The ARM system cannot be made, or does not do what this machine does."""


@click.command(epilog="Example: python -m benchmarks.install.aarch64 --bundle build/bundle")
@click.option("--bundle", default="build/bundle", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--work", default="build/aarch64", show_default=True, type=click.Path(file_okay=False, path_type=Path))
def main(bundle: Path, work: Path) -> None:
    """Replay and run a short drive on an emulated ARM, and compare with this machine."""
    console = Console(stderr=True)
    try:
        arm = _prepared(work.resolve(), console)
        clip = work / "microsleep.ts"
        recode(DRIVE_CLIP.video, clip, _FPS, _FROM_S, _TO_S)
        config = _configuration(work, clip)
        with console.status("replaying here"):
            here = _replayed([sys.executable], work / "here", clip, bundle, config)
        with console.status("replaying on ARM: minutes"):
            there = _replayed(arm, work / "there", clip, bundle, config)
        with console.status("the live box on ARM"):
            lived = _lived(arm, work / "state", bundle, config)
    except EmvasError as error:
        raise click.ClickException(str(error)) from error
    click.echo(_machine(arm))
    for alert in there:
        click.echo(f"{alert['t_s']:6.1f} s  {alert['alert']} {alert['type']} {alert['level']}")
    click.echo(f"live: {lived} faces kept, ended in order")
    if not (there and same(here, there)):
        raise click.ClickException(f"the alerts differ: here {_told(here)}, on ARM {_told(there)}")
    click.echo("The same alerts as on this machine, each within one picture. Next: run it on the device.")


def _prepared(work: Path, console: Console) -> list[str]:
    """The command that runs ARM's Python with the box's packages; made in `work` where it is not there yet.

    Raises:
        ArmError: a tool is missing, or something cannot be fetched.
    """
    for tool in ("qemu-aarch64-static", "debootstrap", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise ArmError(f"{tool} is not installed: apt install qemu-user-static debootstrap")
    system, site = work / "system", work / "site"
    if not system.is_dir():
        with console.status(f"fetching Debian {_SUITE} for arm64"):
            _unpacked(work / "packages", work / "system.part")
        (work / "system.part").rename(system)
    if not site.is_dir():
        with console.status("fetching the wheels for aarch64"):
            _installed(work / "site.part")
        (work / "site.part").rename(site)
    _described(site)
    return ["qemu-aarch64-static", "-L", str(system), "-E", f"PYTHONPATH={site}:{_ROOT}",
            str(system / f"usr/bin/python{_PYTHON}")]  # fmt: skip


def _unpacked(packages: Path, system: Path) -> None:
    if os.geteuid() != 0:
        raise ArmError("the first time debootstrap needs root: run it once with sudo")
    for left in (packages, system):
        shutil.rmtree(left, ignore_errors=True)
    packages.parent.mkdir(parents=True, exist_ok=True)
    _done("debootstrap", "--download-only", "--arch=arm64", "--variant=minbase", f"--include={_PACKAGES}", _SUITE,
          str(packages))  # fmt: skip
    for package in sorted(packages.glob("var/cache/apt/archives/*.deb")):
        _done("dpkg-deb", "-x", str(package), str(system))
    (system / "proc").mkdir(exist_ok=True)
    (system / "proc" / "cpuinfo").write_text("".join(_CPU.format(number=number) for number in range(2)))


def _installed(site: Path) -> None:
    shutil.rmtree(site, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(site))
    asked = [Requirement(line) for line in requires("emvas-edge") or []]
    needed = [r for r in asked if r.marker is None or r.marker.evaluate({"extra": "cpu"})]
    wheels = [f"{r.name}{r.specifier}" for r in needed if r.name not in _PURE]
    platforms = [word for wheel in _WHEELS for word in ("--platform", wheel)]
    _done(*pip, "--only-binary=:all:", "--python-version", _PYTHON, *platforms, *wheels)
    _done(*pip, "--no-deps", *_PURE)


def _described(site: Path) -> None:
    """Name the box's commands to ARM's Python, as an installation of this source would."""
    about = site / "emvas_edge.dist-info"
    about.mkdir(exist_ok=True)
    for name in ("METADATA", "entry_points.txt"):
        (about / name).write_text(distribution("emvas-edge").read_text(name) or "", encoding="utf-8")


def _configuration(work: Path, clip: Path) -> Path:
    path = work / "box.yaml"
    content = {
        "purpose": "driver-safety",
        "camera": {"uri": f"file://{clip.resolve()}"},
        "microphone": {"device": "camera"},
        "speech": {"transcribe": False},
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _replayed(python: list[str], out: Path, clip: Path, bundle: Path, config: Path) -> list[dict[str, Any]]:
    """The alerts of a replay."""
    shutil.rmtree(out, ignore_errors=True)
    words = ("replay", clip, "--bundle", bundle, "--config", config, "--out", out)
    _done(*python, *_EMVAS, *map(str, words))
    lines = (out / f"{clip.stem}.jsonl").read_text(encoding="utf-8").splitlines()
    return [record for record in map(json.loads, lines) if record["kind"] == "alert"]


def _lived(arm: list[str], state: Path, bundle: Path, config: Path) -> int:
    """How many faces the live box kept of the clip: it drops what comes too fast for an emulated processor."""
    shutil.rmtree(state, ignore_errors=True)
    _done(*arm, *_EMVAS, "run", "--config", str(config), "--bundle", str(bundle), "--state", str(state))
    faces = len(TimelineReader(state / "timeline.db").between("face", 0, 1e12))
    if not faces:
        raise ArmError("the live box on ARM saw no face")
    return faces


def same(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> bool:
    """Whether both tell the same; a lid that crosses its threshold between two pictures may count from either."""
    return [step[:3] for step in _told(here)] == [step[:3] for step in _told(there)] and all(
        abs(one["t_s"] - other["t_s"]) <= 1.01 / _FPS for one, other in zip(here, there, strict=True)
    )


def _told(alerts: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [(alert["alert"], alert["type"], alert["level"], f"{alert['t_s']:.1f}") for alert in alerts]


def _machine(arm: list[str]) -> str:
    code = "import platform, onnxruntime as o; print(platform.machine(), platform.python_version(), o.__version__)"
    machine, python, runtime = _done(*arm, "-c", code).split()
    return f"{machine}, Python {python}, onnxruntime {runtime}"


def _done(*command: str) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise ArmError(f"{' '.join(command)[:200]} ended with {done.returncode}: {said}")
    return done.stdout


if __name__ == "__main__":
    main()
