"""What systemd itself says of the units: its exposure, from 0 (none) to 10."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from click.testing import CliRunner

from benchmarks.security.attempts import Row
from edge.cli.main import main

MOST = {"emvas-edge.service": 2.1, "emvas-dashboard.service": 1.0, "emvas-engines.service": 2.5}


def exposures() -> list[Row]:
    """One row a unit, as installed on a Jetson, which needs the most."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return [Row("exposure of the units", False, "systemd-analyze is not installed: not measured")]
    rows = []
    with tempfile.TemporaryDirectory() as image:
        mark = Path(image) / "etc" / "nv_tegra_release"
        mark.parent.mkdir()
        mark.write_text("# R36\n", encoding="utf-8")
        CliRunner().invoke(main, ["install", "--root", image, "--program", "/usr/bin/env"], catch_exceptions=False)
        for unit, most in MOST.items():
            command = [analyze, "security", "--offline=true", f"--root={image}", "--no-pager", unit]
            said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
            found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
            score = float(found[1]) if found else 10.0
            rows.append(Row(f"exposure of {unit}, at most {most}", score <= most, f"{score}"))
    return rows
