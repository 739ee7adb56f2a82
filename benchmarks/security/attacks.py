"""Attack the box and record what each command writes and connects to: `make proof-attacks`.

The tests of attacks run first; then every command runs under strace for a minute. All of it stays on this machine; as
root it runs in a network namespace that has only the loopback.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks.evidence import markdown_table, write_page
from benchmarks.security.attempts import ATTACKS, Row, exposures, tried
from benchmarks.security.strace import traced
from benchmarks.security.watched_commands import ROOT, Watched, commands, supplies

_ALONE = "EMVAS_ATTACKS_ALONE"
"""Set in the process that has a network of its own."""


def page(report: dict[str, Any]) -> str:
    """Markdown of `attacks.json`."""
    rows = [(row["what"], "yes" if row["held"] else "**no**", row["found"].replace("|", "/")) for row in report["rows"]]
    where = "in a network namespace with the loopback alone" if report["alone"] else "with this machine's network"
    return "\n".join(
        [
            "# Attacks that were tried\n",
            f"Made by `make proof-attacks`, {where}; Python {report['machine']['python']}. Each attack of the first "
            "part is a group of tests, which fail where the attack succeeds; a command under strace was looked at for "
            f"{report['seconds']:.0f} s or to its end.\n",
            markdown_table(("attack", "held", "found"), rows),
            "What each command may write is `benchmarks/security/watched_commands.py`; whom it may speak to is what "
            "its configuration names. [Security](../security.md) says who may do what, and what was not tried.\n",
        ]
    )


@click.command(epilog="Example: python -m benchmarks.security.attacks --seconds 20")
@click.option("--bundle", type=click.Path(path_type=Path), default=Path("build/bundle"), show_default=True)
@click.option("--seconds", default=60.0, show_default=True, help="How long each command is looked at.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/evidence"), show_default=True)
def main(bundle: Path, seconds: float, out: Path) -> None:
    """Attack, look, and write attacks.json and attacks.md; exit code 1 when one attack succeeds."""
    if os.geteuid() == 0 and _ALONE not in os.environ:
        raise SystemExit(_alone())
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    rows: list[Row] = []

    def told(row: Row) -> None:
        console.print(f"{'held     ' if row.held else 'SUCCEEDED'} {row.what}: {row.found}", markup=False)
        rows.append(row)

    for attack in ATTACKS:
        told(tried(attack))
    for row in exposures():
        told(row)
    _look(bundle, seconds, told)
    report = {
        "seconds": seconds,
        "alone": _ALONE in os.environ,
        "machine": {"python": platform.python_version(), "system": platform.platform(), "root": os.geteuid() == 0},
        "rows": [asdict(row) for row in rows],
    }
    write_page(out, "attacks", report, page(report))
    if not all(row.held for row in rows):
        raise SystemExit(1)


def _alone() -> int:
    """The same again in a network namespace of its own."""
    script = 'ip link set lo up && exec "$@"'
    command = [
        "unshare",
        "--net",
        "sh",
        "-c",
        script,
        "sh",
        sys.executable,
        "-m",
        "benchmarks.security.attacks",
        *sys.argv[1:],
    ]
    return subprocess.run(command, env={**os.environ, _ALONE: "1"}, check=False).returncode


def _look(bundle: Path, seconds: float, told: Callable[[Row], None]) -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "home").mkdir()
        kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        environment = {**kept, "HOME": str(work / "home"), "TMPDIR": str(work / "tmp"), "PYTHONPATH": str(ROOT)}
        environment |= {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
        (work / "tmp").mkdir()
        with supplies(bundle, work) as made:
            for watched in commands(made):
                told(_verdict(watched, work, environment, seconds))


def _verdict(watched: Watched, work: Path, environment: dict[str, str], seconds: float) -> Row:
    seen = traced(watched.command, work, environment, seconds)
    expected = (*(str(work / place) for place in watched.writes), str(work / "tmp"), "/dev/", "/proc/", "/tmp/pymp-")
    files = sorted(path for path in seen.files if not path.startswith(expected) and path not in _on_the_way(expected))
    strangers = sorted(seen.addresses - watched.speaks - {f"{host}:0" for host in ("127.0.0.1", "::1")})
    worked = seen.code in (0, 1, 130, -2) and "Traceback" not in seen.said
    found = f"{seen.seconds:.0f} s; made {len(seen.files)} files, all where documented" if not files else (
        f"made {', '.join(path.replace(str(work), '~') for path in files[:5])}"
    )  # fmt: skip
    found += f"; spoke to {', '.join(strangers)}" if strangers else "; spoke to nobody else"
    found += "" if worked else f"; ended with {seen.code}: {seen.said.strip()[-200:]}"
    return Row(f"`{watched.name}` under strace", worked and not files and not strangers, found)


def _on_the_way(places: tuple[str, ...]) -> set[str]:
    return {str(parent) for place in places for parent in Path(place).parents}


if __name__ == "__main__":
    main()
