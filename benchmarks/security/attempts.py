"""The attacks: tests that fail where an attack succeeds, and the exposure of the units as systemd rates it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from benchmarks.security.watched_commands import ROOT
from edge.cli.main import main

_MOST_S = 900.0


MOST = {"emvas-edge.service": 2.1, "emvas-dashboard.service": 1.0, "emvas-engines.service": 2.5}


@dataclass(frozen=True, slots=True)
class Attack:
    """A kind of attack, and the tests that try it."""

    what: str
    tests: tuple[str, ...]
    """Arguments of pytest."""


@dataclass(frozen=True, slots=True)
class Row:
    """The outcome of one attack."""

    what: str
    held: bool
    found: str


ATTACKS: tuple[Attack, ...] = (
    Attack("onnxruntime tells a collector of the box", ("tests/test_process_telemetry.py",)),
    Attack("a crash writes pictures to the disk; files that others may read", ("tests/test_process_private.py",)),
    Attack(
        "secrets in logs, errors, messages and the archive for support",
        ("tests/test_redact.py", "tests/test_log.py", "tests/capture/test_connect_uri.py",
         "tests/cli/test_cli_diagnose.py", "tests/config/test_loader.py"),
    ),
    Attack("a mood is inferred where it may not be told", ("tests/runtime/test_perception_stages_inference.py",)),
    Attack("the service's user puts links in root's way", ("tests/releases/test_release_files.py",)),
    Attack(
        "an installation that stops the box, hangs, is killed or loses power",
        ("tests/releases/test_release_store.py", "tests/releases/test_release_state.py",
         "tests/cli/test_release_trial.py",
         "tests/bundle/test_bundle_install.py"),
    ),
    Attack(
        "bundles and archives made to harm, before and after they are trusted",
        ("tests/bundle/test_bundle_hostile.py", "tests/bundle/test_bundle_archive.py",
         "tests/bundle/test_bundle_signature.py", "tests/bundle/test_bundle_integrity.py"),
    ),
    Attack("pictures, playlists, redirects and sound made to harm", ("tests/capture/test_connect_untrusted.py",)),
    Attack(
        "whatever a broker or another client sends",
        ("tests/publish/mqtt/test_mqtt_client_attacked.py", "tests/cli/test_cli_listen.py",
         "tests/publish/test_publisher_security.py"),
    ),
    Attack(
        "slow, idle, many and rude visitors of the pages",
        ("tests/test_http_server.py", "tests/dashboard/test_server_connections.py",
         "tests/dashboard/test_auth_middleware.py", "tests/dashboard/test_dashboard_door.py",
         "tests/runtime/test_health_http.py"),
    ),
    Attack(
        "pictures that stop during a closure, for an alert that never ends or a second one under its id",
        ("tests/scenarios/test_drives_unseen.py::test_pictures_that_stop_during_a_microsleep_end_it",
         "tests/alerts/test_alert_engine.py::test_a_condition_that_outlives_its_alert_makes_another_with_another_id"),
    ),
    Attack(
        "a part that is switched off is told as lost",
        ("tests/runtime/test_decision_stages.py::test_nothing_is_said_of_a_part_that_is_switched_off",),
    ),
)  # fmt: skip


def tried(attack: Attack) -> Row:
    """Run the tests of one attack."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-x", f"--junitxml={report}", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, *attack.tests], cwd=ROOT, capture_output=True, text=True, timeout=_MOST_S, check=False
        )
        if not report.is_file():
            return Row(attack.what, False, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "no report")
        (suite,) = ET.parse(report).getroot().iter("testsuite")
    count, skipped = int(suite.attrib["tests"]), int(suite.attrib["skipped"])
    bad = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    found = f"{count - skipped - bad} tries held" + (f", {skipped} not tried here" if skipped else "")
    return Row(attack.what, not bad and count > skipped, found + (f"; succeeded: {', '.join(failed)}" if bad else ""))


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
