"""The demo as a user starts it, on a recording of their own."""

import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from media_maker import make_media

ROOT = Path(__file__).resolve().parents[2]


def _demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from edge.cli.main import main; main()", "demo", *map(str, arguments)]
    quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    return subprocess.run(command, cwd=ROOT, check=False, timeout=200, **quiet)


@pytest.mark.bundle
def test_an_own_clip_runs_through_and_leaves_a_report_and_no_process(bundle_dir: Path, tmp_path: Path) -> None:
    clip = make_media(tmp_path / "own.mp4")
    done = _demo("--bundle", bundle_dir, "--clip", clip, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out" / "demo.jsonl").stat().st_size > 0
    assert (tmp_path / "out" / "warnings.wav").stat().st_size > 16_000, "a clip without a face is played all the same"
    assert "What the driver heard" in done.stdout
    assert "</html>" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "status   online" in done.stdout
    address = re.search(r"Dashboard: (http://127\.0\.0\.1:\d+/)", done.stdout)
    assert address
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address[1], timeout=5)


@pytest.mark.bundle
def test_a_clip_that_is_not_there_is_one_sentence(bundle_dir: Path, tmp_path: Path) -> None:
    done = _demo("--bundle", bundle_dir, "--clip", tmp_path / "none.mp4", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "there is no such file" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_missing_bundle_says_how_to_build_one(tmp_path: Path) -> None:
    done = _demo("--bundle", tmp_path / "none", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "emvas bundle build" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
