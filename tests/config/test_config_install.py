"""Installing a configuration: what was written by hand is never lost, what is wrong never taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli.main import main
from edge.config.loader import ConfigError, install_config, load_config
from edge.releases.release_store import ReleaseStore
from edge.releases.trial import ReleaseState


def written(path: Path, box: str) -> Path:
    path.write_text(f"purpose: driver-safety\nbox: {{id: {box}}}\n", encoding="utf-8")
    return path


def test_a_file_written_by_hand_is_the_way_back(tmp_path: Path) -> None:
    place = written(tmp_path / "edge.yaml", "hand")
    store = ReleaseStore(tmp_path / "config")
    state = install_config(written(tmp_path / "new.yaml", "new"), store, place)
    assert state.on_trial
    assert load_config(place).box.id == "new"
    store.change(ReleaseState.rolled_back)
    assert load_config(place).box.id == "hand"


def test_an_edit_by_hand_over_the_link_is_kept_too(tmp_path: Path) -> None:
    place, store = tmp_path / "edge.yaml", ReleaseStore(tmp_path / "config")
    install_config(written(tmp_path / "a.yaml", "a"), store, place)
    place.unlink()
    written(place, "edited")  # as `sed -i` does
    install_config(written(tmp_path / "b.yaml", "b"), store, place)
    assert load_config(place).box.id == "b"
    store.change(ReleaseState.rolled_back)
    assert load_config(place).box.id == "edited"


def test_the_first_one_needs_no_trial(tmp_path: Path) -> None:
    state = install_config(written(tmp_path / "a.yaml", "a"), ReleaseStore(tmp_path / "config"), tmp_path / "edge.yaml")
    assert not state.on_trial


def test_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    place = written(tmp_path / "edge.yaml", "hand")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("purpose: driver-safety\nboxx: {}\n")
    with pytest.raises(ConfigError, match="did you mean `box`"):
        install_config(wrong, ReleaseStore(tmp_path / "config"), place)
    assert load_config(place).box.id == "hand"
    assert not place.is_symlink()


def test_the_commands_install_and_go_back(tmp_path: Path) -> None:
    place = written(tmp_path / "edge.yaml", "hand")
    new = written(tmp_path / "new.yaml", "new")
    store = str(tmp_path / "config")
    result = CliRunner().invoke(main, ["config", "install", str(new), "--into", store, "--place", str(place)])
    assert result.exit_code == 0, result.output
    assert "on trial" in result.stdout
    assert CliRunner().invoke(main, ["config", "rollback", "--from", store]).exit_code == 0
    assert load_config(place).box.id == "hand"
