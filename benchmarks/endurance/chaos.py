"""A sleeping driver is reported while parts of the system fail: `make proof-chaos`, as root.

The tests of `tests/system/test_chaos.py` with the real box, and what a control room was told in them, after how long.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.evidence import markdown_table, write_page

_TESTS = ("tests/system/test_chaos.py", "--timeout=1200", "-rs")


@click.command(epilog="Example: python -m benchmarks.endurance.chaos")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/evidence"), show_default=True)
def main(out: Path) -> None:
    """Break, look, and write chaos.json and chaos.md; exit code 1 when one scenario fails or is skipped."""
    with tempfile.TemporaryDirectory() as folder:
        diary = Path(folder) / "diary.jsonl"
        command = [sys.executable, "-m", "pytest", *_TESTS]
        done = subprocess.run(
            command, env={**os.environ, "EMVAS_CHAOS": str(diary)}, stdout=subprocess.PIPE, text=True, check=False
        )
        print(done.stdout)
        if done.returncode or "SKIPPED" in done.stdout:
            raise SystemExit(1)
        rows = [json.loads(line) for line in diary.read_text(encoding="utf-8").splitlines()]
    report = {"machine": {"python": platform.python_version(), "cores": os.cpu_count()}, "rows": rows}
    write_page(out, "chaos", report, page(report))


def page(report: dict[str, Any]) -> str:
    """Markdown of `chaos.json`."""
    rows = [
        (row["done"], row["told"].replace("|", "/"), f"{row['after_s']:.1f}", {True: "yes", None: ""}[row["alert"]])
        for row in report["rows"]
    ]
    return "\n".join(
        [
            "# A sleeper before a box around which everything breaks\n",
            "Made by `make proof-chaos`: `emvas run` as a process, a real Mosquitto (or a broker of a few lines that "
            "hangs up), a camera over HTTP before which a drawn driver falls asleep. Python "
            f"{report['machine']['python']}, {report['machine']['cores']} cores. In each trouble the alert arrives "
            "where the eyes can be seen; where they cannot, that is told within 10 s, and why soon after.\n",
            markdown_table(
                ("what was done", "what was told over MQTT or in the log", "after s", "alert arrived"), rows
            ),
            "The seconds of an alert count from the shutting of the lids: a microsleep is one after 1.5 s. Where a "
            "broker hangs up they hold the waits between its cuts; the box raised the alert before.\n",
            "Clock, mood stage, sink, PortAudio and the damaged files are broken inside the process, the rest outside "
            "it: a full tmpfs, an ext4 that turns read-only as after a fault of its journal, pictures that are few, "
            "frozen, covered, upside down. No camera, card or power supply was really harmed.\n",
        ]
    )


if __name__ == "__main__":
    main()
