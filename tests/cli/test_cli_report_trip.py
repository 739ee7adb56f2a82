"""`emvas report --trip`: the last drive, or one before it, of the box that the configuration names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from dashboards import write
from scenes import cab

from edge.cli.main import main

MONDAY_S = 1_790_000_000.0
DAY_S = 86_400.0


@pytest.fixture
def box(tmp_path: Path) -> Path:
    scene = cab()
    (tmp_path / "box.yaml").write_text(yaml.safe_dump(scene.config))
    for day in (0, 1):
        write(tmp_path / "timeline.db", scene.messages, MONDAY_S + day * DAY_S)
    return tmp_path


def report(box: Path, *words: str) -> Result:
    place = ["--config", str(box / "box.yaml"), "--state", str(box)]
    result = CliRunner().invoke(main, ["report", *place, *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("which", ["last", "2"])
def test_a_trip_is_reported_from_its_first_to_its_last_movement(box: Path, which: str) -> None:
    (told,) = json.loads(report(box, "--trip", which, "--json").stdout)
    assert told["length_s"] == pytest.approx(2399 - 65, abs=2)
    assert told["name"] == "B-EV 42 · bus-042 · depot-1"
    assert [alert["alert"] for alert in told["alerts"]] == ["microsleep", "drowsiness"]
    assert told["alerts"][0]["start_s"] == pytest.approx(1800 - 65, abs=0.01)


def test_the_file_and_the_page_name_the_box(box: Path) -> None:
    assert report(box, "--trip", "last").exit_code == 0
    (page,) = box.glob("*.html")
    assert page.name.startswith("depot-1-bus-042-2026-09-")
    heading = page.read_text(encoding="utf-8").partition("<h1>")[2].partition("</h1>")[0]
    assert re.sub("<[^>]*>", "", heading) == "B-EV 42 · bus-042 · depot-1"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--trip", "3"), "has 2 trips: there is no trip 3"),
        (("--trip", "yesterday"), "give last, or a number"),
        (("--trip", "0"), "give last, or a number"),
        (("--trip", "last", "--from", "06:00"), "leave out --from and --to"),
    ],
)
def test_a_trip_that_is_none_is_a_sentence(box: Path, words: tuple[str, ...], sentence: str) -> None:
    result = report(box, *words)
    assert result.exit_code == 2
    assert sentence in result.output
