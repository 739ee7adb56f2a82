from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.data
@pytest.mark.bundle
def test_a_man_who_blinks_on_purpose_sleeps_only_when_his_blink_is_held(
    bundle_dir: Path, data_dir: Path, tmp_path: Path
) -> None:
    clip = {"path": "blinking_4.mp4", "person": "Bo"}
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"clips": {"bo": clip}, "stretched": [["bo", 6.76]]}))
    command = ["evaluate", "alerts", str(data_dir / "clips" / "blink"), "--truth", str(truth)]
    told = CliRunner().invoke(
        main, [*command, "--bundle", str(bundle_dir), "--view", "infra-red", "--fps", "12", "--json"]
    )
    assert told.exit_code == 0, told.output
    (figures,) = json.loads(told.stdout).values()
    assert figures["false_alerts"] == []
    assert figures["stretched_told_after_s"] == [pytest.approx(1.5, abs=0.2)]
    assert figures["false_criticals_per_h"]["high"] == pytest.approx(3 / figures["face_h"], rel=0.01)


def test_a_truth_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text("{}")
    command = ["evaluate", "alerts", str(tmp_path), "--truth", str(tmp_path / "truth.json")]
    told = CliRunner().invoke(main, [*command, "--config", str(ROOT / "configs" / "bus-cab.yaml")])
    assert told.exit_code == 1
