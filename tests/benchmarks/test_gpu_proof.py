"""The proof on a GPU, run dry: each step works on the CPU, goes on where it stopped, and claims nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from joined_clips import join_clips

from benchmarks.gpu import page, step
from benchmarks.gpu.__main__ import STEPS
from benchmarks.gpu.pieces import JOIN, cut
from benchmarks.gpu.prelu import with_prelu
from benchmarks.gpu.replays import difference
from benchmarks.gpu.step import Context, Step
from edge.bundle.session import Session
from edge.messages import Alert, Level

ROOT = Path(__file__).resolve().parents[2]


LONG = ("latency", "learning")
"""They take half of the time; `make proof-gpu DRY=1` asks them too."""


@pytest.mark.timeout(600)  # 35 s of CPU; the other test processes share the cores
def test_the_steps_hold_on_the_cpu_and_are_not_asked_again(bundle_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    clip, out = tmp_path / "clip.mkv", tmp_path / "gpu"
    join_clips(clip, [data_dir / "clips" / "grid" / "bbaf2n.mpg"])
    command = [sys.executable, "-m", "benchmarks.gpu", "--bundle", str(bundle_dir), "--clip", str(clip)]
    asked = [item.name for item in STEPS if item.name not in LONG]
    command += ["--out", str(out), "--dry", *(word for name in asked for word in ("--only", name))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((out / "gpu.json").read_text(encoding="utf-8"))
    assert [(row["name"], row["state"]) for row in record["steps"]] == [(name, "held") for name in asked]
    text = (out / "gpu.md").read_text(encoding="utf-8")
    assert "CPU, dry run" in text
    assert "neither was run yet" in page.sentence(record)
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line.split()[2] for line in again.stdout.splitlines()[: len(asked)]] == [
        str(row["seconds"]) for row in record["steps"]
    ]


def test_a_step_that_hangs_fails_at_its_limit_and_is_asked_again(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(step.sys, "executable", "/bin/sleep")  # `sleep -m` is refused, which is a step that fails too
    context = Context(tmp_path, tmp_path, tmp_path, dry=True)
    asked = Step("golden", "asks", 5)
    assert step.run(asked, context, "key").state == "failed"
    monkeypatch.setattr(step, "_asked", lambda *_: ("held", "fine", {}))
    assert step.run(asked, context, "key").state == "held"
    monkeypatch.setattr(step, "_asked", lambda *_: ("failed", "asked though it held", {}))
    assert step.run(asked, context, "key").found == "fine"
    assert step.run(asked, context, "another bundle").state == "failed"


def test_a_step_has_a_time_limit(tmp_path: Path, monkeypatch) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 20\n")
    slow.chmod(0o755)
    monkeypatch.setattr(step.sys, "executable", str(slow))
    outcome = step.run(Step("golden", "asks", 0.1), Context(tmp_path, tmp_path, tmp_path, dry=True), "key")
    assert (outcome.state, outcome.found) == ("failed", "not done after 0.3 s")


def alert(t_s: float, kind: str = "new") -> Alert:
    return Alert(t_s, "id", kind, "microsleep", Level.CRITICAL, t_s, 1.5)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ([alert(4.05), alert(9.0, "end")], ""),
        ([alert(4.5), alert(9.0, "end")], "0.50 s apart"),
        ([alert(4.0)], "on the CPU"),
        ([], "on the CPU"),
    ],
)
def test_a_late_or_missing_alert_is_a_fault(given: list[Alert], fault: str) -> None:
    found = difference([alert(4.0), alert(9.0, "end")], given)["faults"]
    assert (fault in " ".join(found)) if fault else not found


def test_readme_and_page_say_what_the_record_says() -> None:
    record = json.loads((ROOT / "docs" / "evidence" / "gpu.json").read_text(encoding="utf-8"))
    assert (ROOT / "docs" / "evidence" / "gpu.md").read_text(encoding="utf-8") == page.page(record)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page.readme_with(readme, record) == readme
    held = {"dry": False, "steps": [{"name": "machine", "state": "held", "found": "Orin, 540.3"}]}
    assert "Run on Orin, 540.3: 1 steps held" in page.readme_with(readme, held)


def test_pieces_are_joined_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "prove.sh").write_text("#!/bin/sh\n" + "x" * 5000)
    archive = tmp_path / "emvas-gpu.tar"
    subprocess.run(["tar", "-cf", archive, "-C", tmp_path / "in", "prove.sh"], check=True)
    pieces = cut(archive, tmp_path / "pieces", 4000)
    assert len(pieces) > 1
    assert max(piece.stat().st_size for piece in pieces) <= 4000
    command = [sys.executable, str(tmp_path / "pieces" / JOIN), str(tmp_path / "there")]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "there" / "prove.sh").read_text() == (tmp_path / "in" / "prove.sh").read_text()
    pieces[1].write_bytes(b"damaged")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{pieces[1]} was damaged" in done.stderr


def test_two_convolutions_become_one_prelu_with_the_same_numbers(bundle_dir: Path, tmp_path: Path) -> None:
    source, target = bundle_dir / "face_mesh.model.fp32.onnx", tmp_path / "mesh.onnx"
    assert with_prelu(source, target) == 23
    kinds = [node.op_type for node in onnx.load(target).graph.node]
    assert kinds.count("PRelu") == 23
    sessions = Session(source), Session(target)
    shape = [int(n) if isinstance(n, int) else 1 for n in sessions[0].input_shapes[sessions[0].input_names[0]]]
    feeds = {sessions[0].input_names[0]: np.random.default_rng(0).random(shape, np.float32)}
    for name, value in sessions[0].run(feeds).items():
        np.testing.assert_allclose(sessions[1].run(feeds)[name], value, rtol=1e-3, atol=1e-3)
