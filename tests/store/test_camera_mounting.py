"""Straight ahead over restarts: kept for this camera, seldom written, and never a reason to fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.perception import CameraConfig
from edge.fatigue.attention import StraightAhead
from edge.store.camera_mounting import Mounting

CAB = CameraConfig(uri="rtsp://user:secret@cab/1")
AHEAD = StraightAhead((12.5, -4.0), (14.0, -2.0))


def test_the_next_start_knows_what_the_last_one_learned(tmp_path: Path) -> None:
    Mounting(tmp_path, CAB).keep(20.0, AHEAD)
    assert Mounting(tmp_path, CAB).read() == AHEAD


def test_another_camera_or_one_turned_otherwise_begins_anew(tmp_path: Path) -> None:
    Mounting(tmp_path, CAB).keep(20.0, AHEAD)
    for other in (CameraConfig(uri="rtsp://user:secret@cab/2"), CAB.model_copy(update={"rotate": 180})):
        assert Mounting(tmp_path, other).read() == StraightAhead()


def test_it_is_written_for_a_change_that_matters_and_once_a_minute_at_most(tmp_path: Path) -> None:
    mounting, turned = Mounting(tmp_path, CAB), StraightAhead((20.0, -4.0), (14.0, -2.0))
    mounting.keep(0.0, StraightAhead())
    assert not list(tmp_path.iterdir())
    mounting.keep(20.0, AHEAD)
    mounting.keep(40.0, turned)
    assert Mounting(tmp_path, CAB).read() == AHEAD
    mounting.keep(81.0, StraightAhead((13.0, -4.5), (14.0, -2.0)))
    assert Mounting(tmp_path, CAB).read() == AHEAD
    mounting.keep(82.0, turned)
    assert Mounting(tmp_path, CAB).read() == turned


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"camera": "%s", "head": [1], "gaze": null}', '{"camera": 1}'])
def test_a_damaged_file_is_learned_anew(tmp_path: Path, damage: str) -> None:
    mounting = Mounting(tmp_path, CAB)
    mounting.keep(0.0, AHEAD)
    (file,) = tmp_path.iterdir()
    camera = file.read_text().split('"')[3]
    file.write_text(damage.replace("%s", camera))
    assert Mounting(tmp_path, CAB).read() == StraightAhead()


def test_no_password_and_no_address_stand_in_the_file(tmp_path: Path) -> None:
    Mounting(tmp_path, CAB).keep(0.0, AHEAD)
    (file,) = tmp_path.iterdir()
    assert not any(word in file.read_text() for word in ("secret", "user", "cab"))


def test_a_folder_that_takes_nothing_is_no_reason_to_fail_and_is_told_by_its_own_report(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    mounting = Mounting(tmp_path / "file" / "state", CAB)
    assert mounting.read() == StraightAhead()
    mounting.keep(0.0, AHEAD)
    assert caplog.text == ""


def test_a_fault_of_its_own_file_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mounting = Mounting(tmp_path, CAB)
    (tmp_path / "straight-ahead.json" / "folder").mkdir(parents=True)
    assert mounting.read() == StraightAhead()
    mounting.keep(0.0, AHEAD)
    assert [record.message.split(": ")[1] for record in caplog.records] == [
        "straight ahead is learned anew",
        "straight ahead is not kept",
    ]
