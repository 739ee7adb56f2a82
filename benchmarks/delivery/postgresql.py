"""A temporary PostgreSQL server, as a context manager."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from edge.error import EmvasError

_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"
"""The server refuses to be root's; Debian's package makes this user."""


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, the newest there is; None: PostgreSQL is not installed."""
    found = shutil.which("pg_ctl")
    folders = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return Path(found).parent if found else folders[-1] if folders else None


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of an empty database.

    Raises:
        EmvasError: it is not installed, or does not start.
    """
    folder = programs()
    if folder is None:
        raise EmvasError("PostgreSQL is not installed: apt install postgresql")
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        home = Path(name)
        if os.geteuid() == 0:
            shutil.chown(home, _USER)
        data = home / "data"
        _run([folder / "initdb", "--no-sync", "--auth=trust", f"--username={_USER}", "-D", data], home)
        options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
        _run([folder / "pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", options, "start"], home)
        try:
            yield f"postgresql://{_USER}@/postgres?host={home}"
        finally:
            _run([folder / "pg_ctl", "-D", data, "-m", "immediate", "stop"], home)


def _run(command: Sequence[Path | str], home: Path) -> None:
    user = _USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    done = subprocess.run(
        [*map(str, command)], user=user if os.geteuid() == 0 else None, cwd=home, check=False, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    if done.returncode:
        raise EmvasError(f"PostgreSQL does not start: {done.stderr.strip()[-400:]}")
