"""`emvas install` into an image: right, repeatable, careful with what is the user's; and all of it gone again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.cli.box_folders import CONFIG, RELEASES, STATE, STORES
from edge.cli.main import main

PROGRAM = Path("/usr/bin/env")
"""Any program that is there and that services may see: systemd-analyze looks."""
_ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(_ANALYZE is None, reason="systemd is not installed")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="an image belongs to root")
EDGE = Path("etc/systemd/system/emvas-edge.service")
DASHBOARD = EDGE.with_name("emvas-dashboard.service")
ENGINES = EDGE.with_name("emvas-engines.service")


def emvas(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def image(tmp_path: Path) -> Path:
    root = tmp_path / "image"
    root.mkdir()
    result = emvas("install", "--root", root, "--program", PROGRAM)
    assert result.exit_code == 0, result.output
    return root


def everything(root: Path) -> dict[str, str]:
    """Every path with its content or the target of its link."""
    return {
        str(path.relative_to(root)): str(path.readlink()) if path.is_symlink() else path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


pytestmark = needs_root


def test_no_place_is_left_open_in_the_installed_files(image: Path) -> None:
    texts = {name: text for name, text in everything(image).items() if "emvas" in name}
    assert len(texts) >= 4
    for name, text in texts.items():
        assert not re.search(r"@[A-Z]+@", text), name
    assert f"ExecStart={PROGRAM} run --config {CONFIG} --bundle {RELEASES}/models/current" in texts[str(EDGE)]


def test_again_changes_nothing(image: Path) -> None:
    before = everything(image)
    result = emvas("install", "--root", image, "--program", PROGRAM)
    assert everything(image) == before
    assert "written" not in result.stdout
    assert result.stdout.count("unchanged") == 4


def test_an_older_unit_is_replaced_and_what_the_user_wrote_stays(image: Path) -> None:
    (image / EDGE).write_text("[Service]\nExecStart=/old\n")
    config = image / "etc/emvas/edge.yaml"
    config.parent.mkdir(exist_ok=True, parents=True)
    config.write_text("purpose: research\n")
    override = image / "etc/systemd/system/emvas-edge.service.d/override.conf"
    override.parent.mkdir()
    override.write_text("[Service]\nNice=0\n")
    result = emvas("install", "--root", image, "--program", PROGRAM)
    assert f"replaced: {image / EDGE}" in result.stdout
    assert config.read_text() == "purpose: research\n"
    assert "config install" not in result.stdout
    emvas("uninstall", "--root", image)
    assert override.is_file()
    assert config.is_file()


def test_a_jetson_gets_its_drop_in(image: Path) -> None:
    assert not list(image.rglob("*jetson*"))
    (image / "etc/nv_tegra_release").write_text("# R36\n")
    result = emvas("install", "--root", image, "--program", PROGRAM)
    assert (image / "etc/systemd/system/emvas-edge.service.d/50-jetson.conf").is_file()
    assert "emvas-engines.service" in result.stdout
    emvas("uninstall", "--root", image)
    assert not list(image.rglob("*emvas-e*"))


def test_uninstall_keeps_the_data_and_purge_does_not(image: Path) -> None:
    timeline = image / "var/lib/emvas/timeline.db"
    timeline.parent.mkdir(parents=True, exist_ok=True)
    timeline.write_text("data")
    result = emvas("uninstall", "--root", image)
    assert result.exit_code == 0, result.output
    assert not list((image / "etc/systemd").rglob("emvas*"))
    assert timeline.is_file()
    assert f"kept: {image / 'var/lib/emvas'}" in result.stdout
    assert "nothing was installed" in emvas("uninstall", "--root", image, "--purge").stdout
    assert not timeline.exists()


@pytest.mark.parametrize("program", ["/home/me/venv/bin/emvas", "/root/bin/emvas", "/tmp/emvas", "emvas"])
def test_a_program_that_the_services_cannot_see_is_refused(tmp_path: Path, program: str) -> None:
    result = emvas("install", "--root", tmp_path, "--program", program)
    assert result.exit_code == 1
    assert "may not see" in result.stderr
    assert not list(tmp_path.iterdir())


def test_without_systemd_and_without_an_image_there_is_nowhere_to_install() -> None:
    if Path("/run/systemd/system").is_dir():
        pytest.skip("this machine runs systemd")
    result = emvas("install", "--program", PROGRAM)
    assert result.exit_code == 1
    assert "not booted with systemd" in result.stderr


@needs_systemd
def test_systemd_finds_no_fault_in_the_units(image: Path) -> None:
    units = [str(image / EDGE), str(image / DASHBOARD)]
    command = [str(_ANALYZE), "verify", "--man=no", *units]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in done.stderr.splitlines() if "emvas" in line]
    assert not said


@needs_systemd
@pytest.mark.parametrize(
    ("unit", "most"), [(EDGE, 2.1), (DASHBOARD, 1.0), (ENGINES, 2.5)], ids=["edge", "dashboard", "engines"]
)
def test_the_services_are_locked_up(image: Path, unit: Path, most: float) -> None:
    (image / "etc/nv_tegra_release").write_text("# R36\n")  # with what a Jetson needs besides
    assert emvas("install", "--root", image, "--program", PROGRAM).exit_code == 0
    command = [str(_ANALYZE), "security", "--offline=true", f"--root={image}", "--no-pager", unit.name]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    (score,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert float(score) <= most, said


def test_what_the_services_run_is_roots_and_what_they_write_is_theirs(image: Path) -> None:
    folders = (image / "etc/tmpfiles.d/emvas.conf").read_text()
    assert f"d {STATE} 0750 emvas emvas" in folders
    for folder in (RELEASES, *(RELEASES / store for store in STORES)):
        assert f"d {folder} 0750 root emvas" in folders
    for unit in (EDGE, DASHBOARD):
        text = (image / unit).read_text()
        assert "ProtectSystem=strict" in text
        assert not re.search(rf"^(ReadWritePaths|StateDirectory)=.*{RELEASES.name}", text, re.MULTILINE)
        for line in ("LimitCORE=0", "MemorySwapMax=0", "MemoryMax=", "PYTHONNOUSERSITE=1"):
            assert line in text


def test_the_package_carries_the_units() -> None:
    root = Path(__file__).resolve().parents[2]
    assert '"systemd/*"' in (root / "pyproject.toml").read_text()
    assert (root / "edge" / "systemd").resolve() == root / "systemd"
