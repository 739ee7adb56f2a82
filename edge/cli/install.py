"""`emvas install` and `uninstall`: the systemd services of a machine, or of an image. `emvas unpack`: the guides.

One table of files says what is installed; systemd's own tools act on it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import click

from edge.cli.box_folders import CACHE, CONFIG, RELEASES, STATE
from edge.error import EmvasError
from edge.releases.safe_files import replace_file

SERVICES = ("emvas-edge.service", "emvas-dashboard.service")
ENGINES = "emvas-engines.service"
UNITS = Path("/etc/systemd/system")
_JETSON_MARK = Path("/etc/nv_tegra_release")
"""The file in which JetPack notes its version."""
_TOOL_S = 60.0
IMAGE_PROGRAM = Path("/opt/emvas/bin/emvas")
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")
"""ProtectHome and PrivateTmp hide these from the services (systemd.exec(5))."""
Outcome = Literal["written", "replaced", "unchanged", "removed"]


class InstallError(EmvasError):
    """The services cannot be installed or removed; the message says why and what to do."""


class UnpackError(EmvasError):
    """The files cannot be written there."""


@dataclass(frozen=True, slots=True)
class SystemFile:
    """A file of `edge/systemd/` and its place on the machine."""

    source: str
    target: Path
    jetson: bool = False
    """Only on a Jetson."""


FILES = (
    SystemFile("emvas.sysusers", Path("/etc/sysusers.d/emvas.conf")),
    SystemFile("emvas.tmpfiles", Path("/etc/tmpfiles.d/emvas.conf")),
    *(SystemFile(name, UNITS / name) for name in SERVICES),
    SystemFile(ENGINES, UNITS / ENGINES, jetson=True),
    SystemFile("jetson.conf", UNITS / "emvas-edge.service.d" / "50-jetson.conf", jetson=True),
)


@dataclass(frozen=True, slots=True)
class InstallTarget:
    """The machine that the services are installed on: this one, or an image below `root`."""

    root: Path = Path("/")

    @property
    def is_image(self) -> bool:
        """Whether it is an image, in which no program runs."""
        return self.root != Path("/")

    def path(self, inside: Path) -> Path:
        """The path on this machine of the target's absolute path `inside`."""
        return self.root / inside.relative_to("/")

    def is_jetson(self) -> bool:
        """Whether it has NVIDIA's JetPack."""
        return self.path(_JETSON_MARK).exists()

    def tool(self, name: str, *arguments: str) -> bool:
        """Run one of systemd's tools on the target. Return False where the tool is not installed here.

        Raises:
            InstallError: it failed.
        """
        found = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
        if found is None:
            return False
        root = [f"--root={self.root.resolve()}"] if self.is_image else []
        done = subprocess.run([found, *root, *arguments], capture_output=True, text=True, timeout=_TOOL_S, check=False)
        if done.returncode:
            raise InstallError(f"{name} {' '.join(arguments)} failed: {done.stderr.strip()}")
        return True


@click.command(epilog="Example: sudo emvas install")
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="An image's root folder.")
@click.option(
    "--program", type=click.Path(path_type=Path),
    help=f"The command that the services run; default: this one, in an image {IMAGE_PROGRAM}.",
)  # fmt: skip
def install(root: Path | None, program: Path | None) -> None:
    """Install the services, their user and folders. They start at the next boot, not now.

    May be run again at any time: files that are right stay, and the configuration is never changed.
    """
    machine = InstallTarget(root or Path("/"))
    program = program or (IMAGE_PROGRAM if machine.is_image else Path(sys.prefix) / "bin" / "emvas")
    _refuse_if_not_possible(machine)
    _refuse_hidden(program)
    for path, outcome in _write_files(machine, program):
        click.echo(f"{outcome}: {path}")
    for tool, arguments in (("systemd-sysusers", ()), ("systemd-tmpfiles", ("--create",))):
        if not machine.tool(tool, *arguments, "emvas.conf"):
            click.echo(f"{tool} is not installed here: it acts at the next boot")
    if not machine.is_image:
        machine.tool("systemctl", "daemon-reload")
    if not machine.tool("systemctl", "enable", *SERVICES):
        click.echo(f"systemctl is not installed here: enable {' and '.join(SERVICES)} in the image by a preset")
    _next(machine, program)


@click.command(epilog="Example: sudo emvas uninstall")
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="An image's root folder.")
@click.option("--purge", is_flag=True, help="Also delete timeline, outbox, bundles, engines, configuration and keys.")
def uninstall(root: Path | None, purge: bool) -> None:
    """Stop and remove the services. Recorded data and the configuration stay, unless --purge is given."""
    machine = InstallTarget(root or Path("/"))
    _refuse_if_not_possible(machine)
    units = [name for name in (*SERVICES, ENGINES) if machine.path(Path("/etc/systemd/system") / name).exists()]
    if units:
        machine.tool("systemctl", "disable", *([] if machine.is_image else ["--now"]), *units)
    removed = _remove_files(machine)
    for path, outcome in removed:
        click.echo(f"{outcome}: {path}")
    if not machine.is_image:
        machine.tool("systemctl", "daemon-reload")
    for folder in (STATE, RELEASES, CACHE, CONFIG.parent):
        place = machine.path(folder)
        if purge and place.exists():
            shutil.rmtree(place)
            click.echo(f"deleted: {place}")
        elif place.exists():
            click.echo(f"kept: {place} (--purge deletes it)")
    if not removed:
        click.echo("nothing was installed")
    click.echo("Next: pip uninstall emvas-edge; the user emvas stays, as files may still belong to it")


@click.command(epilog="Example: emvas unpack emvas")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def unpack(folder: Path) -> None:
    """Write `configs/` and `docs/`, which the commands and guides name, into FOLDER. It overwrites no file."""
    from edge.shipped import CONFIGS, GUIDES

    try:
        shutil.copytree(CONFIGS, folder / "configs")
        (folder / "docs").mkdir()
        for page in sorted(GUIDES.glob("*.md")):
            shutil.copy(page, folder / "docs")
    except FileExistsError as error:
        raise UnpackError(f"{error.filename} is there already and stays as it is: name another folder") from error
    except OSError as error:
        raise UnpackError(f"{folder} cannot be written: {error.strerror or error}") from error
    click.echo(f"{folder}/configs: configurations, and the recipe of the whole bundle; {folder}/docs: the guides")
    click.echo(f"Next: cd {folder} && emvas devices && emvas run --config configs/desk.yaml")


def is_installed() -> bool:
    """Whether the services are installed on this machine."""
    return (UNITS / SERVICES[0]).is_file()


def _rendered(source: str, program: Path) -> str:
    """A file of `edge/systemd/` with program and folders filled in."""
    text = (resources.files("edge") / "systemd" / source).read_text(encoding="utf-8")
    for name, value in (("@EMVAS@", program), ("@CONFIG@", CONFIG), ("@STATE@", STATE), ("@RELEASES@", RELEASES)):
        text = text.replace(name, str(value))
    return text


def _write_files(machine: InstallTarget, program: Path) -> list[tuple[Path, Outcome]]:
    """Write the files that are missing or different. InstallError: this user may not."""
    outcomes: list[tuple[Path, Outcome]] = []
    for file in FILES:
        if file.jetson and not machine.is_jetson():
            continue
        target, text = machine.path(file.target), _rendered(file.source, program)
        known = target.read_text(encoding="utf-8") if target.is_file() else None
        if known != text:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                replace_file(target, text)
            except OSError as error:
                raise InstallError(f"{target} cannot be written ({error.strerror}): run this with sudo") from error
        outcomes.append((target, "unchanged" if known == text else "written" if known is None else "replaced"))
    return outcomes


def _remove_files(machine: InstallTarget) -> list[tuple[Path, Outcome]]:
    """Remove what `_write_files` wrote, and a drop-in folder that is then empty."""
    removed: list[tuple[Path, Outcome]] = []
    for file in FILES:
        target = machine.path(file.target)
        if target.is_file():
            target.unlink()
            removed.append((target, "removed"))
        folder = target.parent
        if folder.match("emvas-*.d") and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return removed


def _refuse_if_not_possible(machine: InstallTarget) -> None:
    """Raise InstallError where systemd or the right to install is missing."""
    if machine.is_image:
        return
    if not Path("/run/systemd/system").is_dir():  # sd_booted(3)
        raise InstallError("this machine was not booted with systemd; for an image give --root DIR")
    if os.geteuid() != 0:
        raise InstallError("only root may install services: run this with sudo")


def _refuse_hidden(program: Path) -> None:
    if not program.is_absolute() or any(program.is_relative_to(folder) for folder in _HIDDEN):
        raise InstallError(
            f"the services may not see {program}: homes and temporary folders are hidden from them. Install the "
            f"package elsewhere: python3 -m venv {IMAGE_PROGRAM.parents[1]}, then its pip; then run {IMAGE_PROGRAM}"
        )


def _next(machine: InstallTarget, program: Path) -> None:
    if machine.is_image and not machine.path(program).exists():
        click.echo(f"The image has no {program} yet: install the package there.")
    steps = []
    if not os.path.lexists(machine.path(CONFIG)):
        steps.append(f"{program} config install bus-cab.yaml")
    steps += [f"{program} bundle install bundle.tar", f"{program} check --config {CONFIG}"]
    if machine.is_jetson():
        steps.append(f"systemctl enable --now {ENGINES}  (provider tensorrt)")
    click.echo("Next, as root" + (" on the box:" if machine.is_image else ":"))
    for step in [*steps, "systemctl start " + " ".join(SERVICES)]:
        click.echo(f"  {step}")
