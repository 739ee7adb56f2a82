"""A Debian that boots with systemd in systemd-nspawn: made once by debootstrap, thrown away after each use.

The package is installed in it from its wheel; the libraries that it needs are this environment's, seen read-only.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edge.error import EmvasError

SUITE = "bookworm"
PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,udev,mosquitto,mosquitto-clients,libportaudio2,procps,curl"
PROGRAM = "/opt/emvas/bin/emvas"
LIBRARIES = "/opt/libraries"
CHECKOUT = "/opt/checkout"
_BOOT_S = 180.0
_COMMAND_S = 300.0
_TOOLS = ("debootstrap", "systemd-nspawn", "nsenter", "mount")


class NoContainerError(EmvasError):
    """A container cannot be booted here; the message says what is missing."""


class Container:
    """Runs from `with` to its end, without a network but its own loopback."""

    def __init__(self, base: Path, folder: Path) -> None:
        """`base` is a root made by `debian`, `folder` an empty one for what this container writes."""
        self._base, self._folder = base, folder
        self.root = folder / "root"
        self._leader = 0

    def __enter__(self) -> Container:
        for name in ("root", "upper", "work"):
            (self._folder / name).mkdir()
        layers = f"lowerdir={self._base},upperdir={self._folder / 'upper'},workdir={self._folder / 'work'}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self.root)], check=True)
        try:
            _install(self.root)
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._leader:
            with contextlib.suppress(subprocess.SubprocessError):
                self.run("systemctl", "poweroff", check=False)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
            self._process.kill()
            self._process.wait()
        subprocess.run(["umount", "--lazy", str(self.root)], check=False)

    def run(self, *command: str, check: bool = True, timeout_s: float = _COMMAND_S) -> subprocess.CompletedProcess[str]:
        """Run a command inside; its output is text."""
        inside = ["nsenter", "-t", str(self._leader), "-m", "-p", "-u", "-i", "-n", "--", *command]
        done = subprocess.run(inside, capture_output=True, text=True, timeout=timeout_s, check=False)
        if check and done.returncode:
            raise NoContainerError(f"{' '.join(command)} failed inside: {done.stdout}{done.stderr}")
        return done

    def _boot(self) -> None:
        binds = [f"--bind-ro={sysconfig.get_path('purelib')}:{LIBRARIES}", f"--bind-ro={Path.cwd()}:{CHECKOUT}"]
        command = ["systemd-nspawn", "-q", "-D", str(self.root), "--register=no", "--keep-unit", "--console=pipe"]
        command += ["--private-network", *binds, "-b", "systemd.unified_cgroup_hierarchy=1"]
        with (self._folder / "boot.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until_s = time.monotonic() + _BOOT_S
        while time.monotonic() < until_s and self._process.poll() is None:
            self._leader = self._leader or _child(self._process.pid)
            if self._leader:
                said = self.run("systemctl", "is-system-running", check=False).stdout.strip()
                if said in ("running", "degraded"):
                    return
            time.sleep(0.2)
        raise NoContainerError(f"it did not boot: {(self._folder / 'boot.log').read_text(errors='replace')}")


def debian(folder: Path) -> Path:
    """The root of a small Debian, made once in `folder` (350 MB, a minute)."""
    missing = [tool for tool in _TOOLS if shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin") is None]
    if missing:
        raise NoContainerError(f"missing here: {', '.join(missing)}; sudo apt install debootstrap systemd-container")
    done = folder / ".complete"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(folder)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        done.touch()
    return folder


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="emvas-boot-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _install(root: Path) -> None:
    """The package from its wheel into /opt/emvas, whose Python is the container's own."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not (root / "usr" / "bin" / name).exists():
        raise NoContainerError(f"Debian {SUITE} has no {name}: run this with the Python that it has")
    home = root / "opt" / "emvas"
    packages = home / "lib" / name / "site-packages"
    (home / "bin").mkdir(parents=True)
    packages.mkdir(parents=True)
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (home / "bin" / "python3").symlink_to(f"/usr/bin/{name}")
    with scratch() as folder:
        pip = [sys.executable, "-m", "pip", "--quiet"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), "."]
        subprocess.run(build, check=True, **quiet)  # type: ignore[call-overload]
        (wheel,) = folder.glob("*.whl")
        subprocess.run([*pip, "install", "--no-deps", "--target", str(packages), str(wheel)], check=True, **quiet)  # type: ignore[call-overload]
    (packages / "libraries.pth").write_text(f"{LIBRARIES}\n")
    program = root / PROGRAM.removeprefix("/")
    program.write_text("#!/opt/emvas/bin/python3\nfrom edge.cli.main import main\nmain()\n")
    program.chmod(0o755)


def _child(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else 0
