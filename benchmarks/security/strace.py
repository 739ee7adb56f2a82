"""The files that a command writes and the addresses that it connects to, from strace(1)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CALLS = "openat,mkdir,mkdirat,connect,sendto,sendmsg"

_MADE = re.compile(
    r"\b(?:openat\((?P<at>\S+?), \"(?P<opened>[^\"]*)\", [^)]*O_CREAT[^)]*\)"
    r"|mkdir(?:at)?\((?:(?P<dir_at>[^\",]+), )?\"(?P<folder>[^\"]*)\", \d+\)) = (?:\d|0)"
)
_PLACE = re.compile(r"<(?P<path>[^>]*)>")
_INTERNET = re.compile(r"sin6?_port=htons\((?P<port>\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )\"(?P<host>[^\"]+)\"")
_GRACE_S = 20.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one command did."""

    seconds: float
    files: frozenset[str]
    """Files and folders that it made."""
    addresses: frozenset[str]
    """`host:port` that it spoke to, or tried to."""
    code: int | None
    said: str


def traced(command: Sequence[str], folder: Path, environment: Mapping[str, str], most_s: float) -> Seen:
    """Run the command in `folder` under strace for at most `most_s` seconds, then as if Ctrl+C were pressed."""
    with tempfile.TemporaryDirectory() as scratch:
        log, output = Path(scratch) / "calls", Path(scratch) / "said"
        strace = ["strace", "-f", "-qq", "-y", "-s", "256", "-e", f"trace={_CALLS}", "-o", str(log)]
        began_s = time.monotonic()
        with output.open("wb") as out:
            process = subprocess.Popen(
                [*strace, *command], cwd=folder, env=dict(environment), stdout=out, stderr=out, start_new_session=True
            )
            try:
                code = process.wait(most_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGINT)
                code = _ended(process)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = output.read_text(encoding="utf-8", errors="replace")
    files = {path for line in lines if (path := _made(line, folder)) is not None}
    addresses = {f"{m['host']}:{m['port']}" for line in lines if (m := _INTERNET.search(line))}
    return Seen(time.monotonic() - began_s, frozenset(files), frozenset(addresses), code, said)


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def _made(line: str, folder: Path) -> str | None:
    found = _MADE.search(line)
    if found is None or " = -1 " in line:
        return None
    name, at = found["opened"] or found["folder"] or "", found["at"] or found["dir_at"] or ""
    place = _PLACE.search(at)
    return os.path.normpath(os.path.join(place["path"] if place else folder, name))  # noqa: PTH118 - may be absolute
