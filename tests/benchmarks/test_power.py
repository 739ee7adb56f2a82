"""Power as a Jetson tells it; the lines are in the format of JetPack 6 and of JetPack 4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.speed.power import main, rails

ORIN = (
    "11-23-2026 07:00:00 RAM 2304/7620MB (lfb 5x4MB) SWAP 0/3810MB (cached 0MB) CPU [3%@729,0%@729,off,off] "
    "EMC_FREQ 0%@2133 GR3D_FREQ 0%@[305] cpu@47.5C soc2@46.1C gpu@46.9C VDD_IN 4543mW/4543mW "
    "VDD_CPU_GPU_CV 529mW/529mW VDD_SOC 1421mW/1421mW"
)
NANO = "RAM 1766/3964MB (lfb 197x4MB) SWAP 0/2048MB CPU [24%@1224] PLL@21C POM_5V_IN 2545/2547 POM_5V_GPU 0/0"
CLIP = "clips/cab/cab_1.avi"


def jetson(folder: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """A `tegrastats` that says the same line again and again, for as long as it is let."""
    script = folder / "tegrastats"
    script.write_text(f"#!/bin/sh\nwhile :; do echo '{line}'; sleep 0.05; done\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_every_rail_is_read_now_and_not_its_mean() -> None:
    assert rails(ORIN.replace("4543mW/4543mW", "4543mW/4000mW")) == {
        "VDD_IN": 4.543,
        "VDD_CPU_GPU_CV": 0.529,
        "VDD_SOC": 1.421,
    }
    assert rails(NANO) == {"POM_5V_IN": 2.545, "POM_5V_GPU": 0.0}
    assert rails("RAM 2304/7620MB") == {}


@pytest.mark.bundle
def test_a_steady_board_draws_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle_dir: Path, data_dir: Path
) -> None:
    jetson(tmp_path, monkeypatch, ORIN)
    words = [str(data_dir / CLIP), "--bundle", str(bundle_dir), "--config", "configs/bus-cab.yaml", "--rest", "0.5"]
    done = CliRunner().invoke(main, [*words, "--json", str(tmp_path / "power.json")])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "power.json").read_text())["rows"][0]
    assert found == {"rail": "VDD_IN", "at_rest_w": 4.543, "busy_w": 4.543, "joules_a_second": 0.0}


def test_another_machine_says_that_nothing_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "clip.mp4").touch()
    words = [str(tmp_path / "clip.mp4"), "--bundle", str(tmp_path), "--config", str(tmp_path / "clip.mp4")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert "only a Jetson's `tegrastats` tells its power" in done.output
