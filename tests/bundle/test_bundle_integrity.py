"""A bundle is believed only as far as its hashes go."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import MANIFEST_FILE, BundleError, read_manifest
from edge.cli.main import main


def edit_manifest(bundle: Path, old: str, new: str) -> None:
    path = bundle / MANIFEST_FILE
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def flip_one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_sound_bundle_opens_and_every_file_in_the_folder_is_vouched_for(small_bundle: Path) -> None:
    files = {stored.file for stored in Bundle(small_bundle).manifest.files()}
    there = {path.relative_to(small_bundle).as_posix() for path in small_bundle.rglob("*") if path.is_file()}
    assert there == files | {MANIFEST_FILE}


@pytest.mark.parametrize("which", ["prosody.model.fp32.onnx", "golden/prosody.npz"])
def test_one_flipped_bit_is_refused_by_name_and_by_every_command(small_bundle: Path, which: str) -> None:
    flip_one_bit(small_bundle / which)
    with pytest.raises(BundleError, match=which):
        Bundle(small_bundle)
    for command in (["bundle", "verify", str(small_bundle)], ["check", "--bundle", str(small_bundle)]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 1
        assert which in result.stderr
        assert "Traceback" not in result.output


def test_a_missing_file_is_named(small_bundle: Path) -> None:
    (small_bundle / "golden" / "prosody.npz").unlink()
    with pytest.raises(BundleError, match=r"prosody\.npz is missing"):
        Bundle(small_bundle)


@pytest.mark.parametrize("outside", ["../secret.npz", "/etc/passwd"])
def test_a_manifest_cannot_point_outside_its_bundle(small_bundle: Path, outside: str) -> None:
    (small_bundle.parent / "secret.npz").write_bytes(b"x")
    edit_manifest(small_bundle, "golden/prosody.npz", outside)
    with pytest.raises(BundleError, match="outside the bundle"):
        Bundle(small_bundle)


def test_a_link_cannot_lead_outside_either(small_bundle: Path) -> None:
    target = small_bundle / "golden" / "prosody.npz"
    target.rename(small_bundle.parent / "moved.npz")
    target.symlink_to(small_bundle.parent / "moved.npz")
    with pytest.raises(BundleError, match="outside the bundle"):
        Bundle(small_bundle)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("roles: [", "cannot be read"),
        ("- 1\n- 2\n", "edited by hand"),
        ("", "edited by hand"),
        ("schema_version: 1\nname: x\nversion: '1'\nroles: {}\n", "schema_version"),
        ("name: x\nversion: '1'\nroles: {}\nextra: 1\n", "extra"),
    ],
)
def test_a_manifest_of_another_kind_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / MANIFEST_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=said):
        read_manifest(tmp_path)


def test_a_folder_without_manifest_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="emvas bundle build"):
        read_manifest(tmp_path)


def test_a_role_or_graph_that_is_not_there_is_told_with_those_that_are(small_bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"no role 'asr'; it has prosody"):
        Bundle(small_bundle).role("asr")


def test_a_graph_or_table_of_another_version_is_told(small_bundle: Path) -> None:
    bundle = Bundle(small_bundle)
    with pytest.raises(BundleError, match="no graph 'encoder' in fp32"):
        bundle.session("prosody", "encoder")
    with pytest.raises(BundleError, match="no table 'words'"):
        bundle.table("prosody", "words")


@pytest.mark.parametrize(("old", "new"), [("cpu: fp32", "cuda: fp32"), ("cpu: fp32", "cpu: fp16")])
def test_a_default_that_leads_nowhere_is_refused_when_read(small_bundle: Path, old: str, new: str) -> None:
    edit_manifest(small_bundle, old, new)
    with pytest.raises(BundleError, match="default"):
        read_manifest(small_bundle)


def test_a_graph_that_is_no_onnx_is_refused_in_a_sentence(small_bundle: Path) -> None:
    from edge.bundle.session import Session

    path = small_bundle / "not.onnx"
    path.write_bytes(b"not an onnx file")
    with pytest.raises(BundleError, match=r"not\.onnx cannot be loaded"):
        Session(path)


def test_show_prints_the_manifest_as_json(small_bundle: Path) -> None:
    result = CliRunner().invoke(main, ["bundle", "show", str(small_bundle), "--json"])
    assert result.exit_code == 0
    assert yaml.safe_load(result.stdout)["roles"]["prosody"]["variants"]["fp32"]["measured"]["latency_ms_1_thread"]
