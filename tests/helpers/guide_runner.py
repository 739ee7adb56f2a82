"""Following a guide as a newcomer does: its blocks in order, in a clone of its own, on a machine without a network."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from guide_blocks import LONG, PRINTS, PYTHON, STAYS, Block

ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 1800.0
"""For one block; on a busy machine as well."""
_STOP_S = 60.0
_INTERRUPTIBLE = ("env", "--default-signal=INT")
"""A shell without job control has its background jobs, and all that they start, ignore Ctrl+C."""
_LOOPBACK = """import fcntl, socket, struct, sys
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
fcntl.ioctl(socket.socket(), SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP | IFF_RUNNING))
print("up", flush=True)
sys.stdin.read()"""
"""Brings the loopback up and stays until its input ends."""
_MOSQUITTO = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


class GuideError(AssertionError):
    """A block does not do what its page says."""


@dataclass(slots=True)
class Terminal:
    """A process that stays until Ctrl+C."""

    block: Block
    process: subprocess.Popen[bytes]
    log: Path

    def says(self, text: str) -> None:
        """Wait until it has said `text`."""
        until_s = time.monotonic() + _LIMIT_S
        while text not in self.output():
            if self.process.poll() is not None or time.monotonic() > until_s:
                raise GuideError(f"line {self.block.line}: never said {text!r}, but:\n{self.output()}")
            time.sleep(0.05)

    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def printed(self) -> None:
        """Raise GuideError when it has not printed what its mark says."""
        wanted = self.block.marks.get(PRINTS, "")
        if wanted not in self.output():
            raise GuideError(f"line {self.block.line}: does not print {wanted!r}, but:\n{self.output()}")

    def interrupt(self) -> None:
        """Press Ctrl+C; it must end in good order. A service that a block left behind in it gets the same."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            code = self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            raise GuideError(f"line {self.block.line}: did not end {_STOP_S:.0f} s after Ctrl+C") from None
        if code:
            raise GuideError(f"line {self.block.line}: ended with {code} after Ctrl+C:\n{self.output()}")

    def kill(self) -> None:
        """End it whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(slots=True)
class Newcomer:
    """Somebody at a terminal in `folder`; folder and environment last from block to block."""

    folder: Path
    within: Sequence[str] = ()
    """Command that starts another within the machine (its network)."""
    terminals: list[Terminal] = field(default_factory=list)
    _count: int = 0

    def follow(self, block: Block) -> None:
        """Run one block; GuideError when it fails or says something else than its marks."""
        if STAYS in block.marks:
            terminal = self._opened(block)
            self.terminals.append(terminal)
            terminal.says(block.marks[STAYS])
            return
        terminal = self._opened(block, keep=True)
        try:
            code = terminal.process.wait(_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise GuideError(f"line {block.line}: still running after {_LIMIT_S:.0f} s:\n{terminal.output()}") from None
        finally:
            terminal.kill()
        if code:
            raise GuideError(f"line {block.line}: ended with {code}:\n{block.text}\n{terminal.output()}")
        terminal.printed()

    def _opened(self, block: Block, keep: bool = False) -> Terminal:
        """Start a block; with `keep` the next one finds its folder and environment.

        Shell in a terminal of its own finds those of a fresh login. Python does not say where it runs: in this one.
        """
        self._count += 1
        papers = self.folder.parent
        log, script = papers / f"{self._count}.log", papers / f"{self._count}.sh"
        fresh = not keep and block.language != PYTHON
        script.write_text(_script(block, papers / ("none" if fresh else "state"), keep), encoding="utf-8")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self.within, *_INTERRUPTIBLE, "bash", str(script)],
                cwd=self.folder, env=_environment(papers), stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return Terminal(block, process, log)


def _script(block: Block, state: Path, keep: bool) -> str:
    """Bash that runs a block; environment and folder come from `state` and, with `keep`, go back to it."""
    text = f"python - <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK\n" if block.language == PYTHON else block.text
    begin = f"set -eo pipefail\n[ ! -f '{state}' ] || . '{state}'\n"
    end = f"{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > '{state}'\n"
    return f"{begin}{text}\n{end if keep else ''}"


def _environment(papers: Path) -> dict[str, str]:
    """Of a user who has logged in for the first time."""
    home = papers / "home"
    home.mkdir(exist_ok=True)
    given = {"HOME": str(home), "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    return given | {"PYTHONUNBUFFERED": "1", "TMPDIR": str(papers)}


def clone(folder: Path, bundle: Path, may_change: bool) -> None:
    """What a clone of the project holds after `make bundle`; `may_change`: blocks write into the bundle."""
    for name in ("configs", "docs", "Makefile", "README.md"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "build").mkdir()
    _place(bundle.resolve(), folder / "build" / "bundle", may_change)
    (folder / "demo").mkdir()
    shutil.copy(ROOT / "demo" / "drive.mp4", folder / "demo")


def _place(bundle: Path, target: Path, may_change: bool) -> None:
    """The bundle without a copy of its bytes; where its file system is another one and blocks write into it, a copy."""
    if bundle.stat().st_dev == target.parent.stat().st_dev:
        shutil.copytree(bundle, target, copy_function=os.link)
    elif may_change:
        shutil.copytree(bundle, target)
    else:
        target.symlink_to(bundle)


@contextlib.contextmanager
def own_network() -> Iterator[Sequence[str]]:
    """A network of one machine, loopback and nothing else; gives the command that starts a program within it."""
    command = ["unshare", "--net", "--map-root-user", sys.executable, "-c", _LOOPBACK]
    try:
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        pytest.skip("no unshare here: a guide's ports may belong to others")
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        if holder.stdout.readline().strip() != b"up":
            pytest.skip("no network of one's own can be made here: a guide's ports may belong to others")
        yield ("nsenter", f"--target={holder.pid}", "--user", "--net", "--preserve-credentials")
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()


@contextlib.contextmanager
def debian_mosquitto(within: Sequence[str], folder: Path) -> Iterator[None]:
    """Mosquitto on port 1883 of this machine, as `apt install mosquitto` starts it."""
    assert _MOSQUITTO is not None
    conf = folder / "mosquitto.conf"
    conf.write_text("user root\nlistener 1883 localhost\nallow_anonymous true\n", encoding="utf-8")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*within, _MOSQUITTO, "-c", str(conf)], **quiet)
    try:
        yield
        assert process.poll() is None, "Mosquitto ended"
    finally:
        process.kill()
        process.wait()


def run_guide(blocks: Sequence[Block], newcomer: Newcomer, long_too: bool) -> None:
    """Follow a guide to its end; whatever still runs is then interrupted, as a person would."""
    try:
        for block in blocks:
            if block.runs and (long_too or LONG not in block.marks):
                newcomer.follow(block)
        for terminal in reversed(newcomer.terminals):
            terminal.interrupt()
            if long_too:  # what a terminal that stays is to print may come from a long block
                terminal.printed()
    finally:
        for terminal in newcomer.terminals:
            terminal.kill()
