from __future__ import annotations

from pathlib import Path

from edge.capture.devices import cameras


def test_without_a_camera_it_says_what_to_do(tmp_path: Path) -> None:
    found = cameras(tmp_path)
    assert found.devices == []
    assert "plug in a USB camera" in found.missing[0]


def test_a_node_that_is_no_camera_is_named(tmp_path: Path) -> None:
    (tmp_path / "video0").write_bytes(b"")
    found = cameras(tmp_path)
    assert found.devices == []
    assert f"{tmp_path}/video0 cannot be asked" in found.missing[0]
