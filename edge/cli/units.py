"""What `emvas install` puts on a machine: one table of files, and systemd's own tools that act on them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from edge.cli.places import CONFIG, RELEASES, STATE
from edge.error import EmvasError
from edge.releases.files import replace_file

SERVICES = ("emvas-edge.service", "emvas-dashboard.service")
ENGINES = "emvas-engines.service"
UNITS = Path("/etc/systemd/system")
_JETSON_MARK = Path("/etc/nv_tegra_release")
"""JetPack's own note of its version."""
_TOOL_S = 60.0


class InstallError(EmvasError):
    """The services cannot be installed or removed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A file of `systemd/` and where it goes."""

    source: str
    target: Path
    jetson: bool = False
    """Only on a Jetson."""


FILES = (
    Placed("emvas.sysusers", Path("/etc/sysusers.d/emvas.conf")),
    Placed("emvas.tmpfiles", Path("/etc/tmpfiles.d/emvas.conf")),
    *(Placed(name, UNITS / name) for name in SERVICES),
    Placed(ENGINES, UNITS / ENGINES, jetson=True),
    Placed("jetson.conf", UNITS / "emvas-edge.service.d" / "50-jetson.conf", jetson=True),
)

Outcome = Literal["written", "replaced", "unchanged", "removed"]


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that this runs on, or the image of one below `root`."""

    root: Path = Path("/")

    @property
    def is_image(self) -> bool:
        """Whether nothing runs there now."""
        return self.root != Path("/")

    def path(self, inside: Path) -> Path:
        """Where an absolute path of that machine is found here."""
        return self.root / inside.relative_to("/")

    def is_jetson(self) -> bool:
        """Whether it has NVIDIA's JetPack."""
        return self.path(_JETSON_MARK).exists()

    def tool(self, name: str, *arguments: str) -> bool:
        """Let one of systemd's tools act on it; False where the tool is not installed here.

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


def is_installed() -> bool:
    """Whether this very machine has the services."""
    return (UNITS / SERVICES[0]).is_file()


def rendered(source: str, program: Path) -> str:
    """A file of `systemd/` with its places filled in."""
    text = (resources.files("edge") / "systemd" / source).read_text(encoding="utf-8")
    for name, value in (("@EMVAS@", program), ("@CONFIG@", CONFIG), ("@STATE@", STATE), ("@RELEASES@", RELEASES)):
        text = text.replace(name, str(value))
    return text


def place_files(machine: Machine, program: Path) -> list[tuple[Path, Outcome]]:
    """Write the files that are missing or different; InstallError when that is not allowed."""
    outcomes: list[tuple[Path, Outcome]] = []
    for file in FILES:
        if file.jetson and not machine.is_jetson():
            continue
        target, text = machine.path(file.target), rendered(file.source, program)
        known = target.read_text(encoding="utf-8") if target.is_file() else None
        if known != text:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                replace_file(target, text)
            except OSError as error:
                raise InstallError(f"{target} cannot be written ({error.strerror}): run this with sudo") from error
        outcomes.append((target, "unchanged" if known == text else "written" if known is None else "replaced"))
    return outcomes


def remove_files(machine: Machine) -> list[tuple[Path, Outcome]]:
    """Remove what `place_files` wrote, and a drop-in folder that is left empty."""
    removed: list[tuple[Path, Outcome]] = []
    for file in FILES:
        target = machine.path(file.target)
        if target.is_file():
            target.unlink()
            removed.append((target, "removed"))
        if target.parent.suffix == ".d" and target.parent.name.startswith("emvas-") and target.parent.is_dir():
            remove_if_empty(target.parent)
    return removed


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing."""
    if not any(folder.iterdir()):
        folder.rmdir()
