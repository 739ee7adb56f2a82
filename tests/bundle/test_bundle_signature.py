"""A signed manifest: only its signer's key opens it, and no byte of it may change."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from signing_keys import Keys, make_keys, write_pem

from edge.bundle.manifest import MANIFEST_FILE, BundleError
from edge.bundle.signature import SIGNATURE_FILE, sign, verify_signature
from edge.cli.main import main


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return make_keys(tmp_path, "signer")


def test_a_signed_bundle_is_taken(small_bundle: Path, keys: Keys) -> None:
    result = CliRunner().invoke(main, ["bundle", "sign", str(small_bundle), "--key", str(keys.private)])
    assert result.exit_code == 0, result.output
    verify_signature(small_bundle, keys.public)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_agrees(small_bundle: Path, keys: Keys) -> None:
    sign(small_bundle, keys.private)
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", keys.public]
    files = ["-in", small_bundle / MANIFEST_FILE, "-sigfile", small_bundle / SIGNATURE_FILE]
    subprocess.run([*command, *files], check=True, capture_output=True, timeout=30)


def test_an_unsigned_bundle_is_refused(small_bundle: Path, keys: Keys) -> None:
    with pytest.raises(BundleError, match=r"is not signed, and this box accepts only signed bundles"):
        verify_signature(small_bundle, keys.public)


def test_another_key_is_refused(small_bundle: Path, keys: Keys, tmp_path: Path) -> None:
    sign(small_bundle, make_keys(tmp_path, "stranger").private)
    with pytest.raises(BundleError, match="another key"):
        verify_signature(small_bundle, keys.public)


@pytest.mark.parametrize("which", [MANIFEST_FILE, SIGNATURE_FILE])
def test_one_changed_bit_is_refused(small_bundle: Path, keys: Keys, which: str) -> None:
    sign(small_bundle, keys.private)
    content = bytearray((small_bundle / which).read_bytes())
    content[len(content) // 2] ^= 1
    (small_bundle / which).write_bytes(content)
    with pytest.raises(BundleError, match="changed after it was signed"):
        verify_signature(small_bundle, keys.public)


def test_keys_of_another_kind_are_told(small_bundle: Path, keys: Keys, tmp_path: Path) -> None:
    other = make_keys(tmp_path, "curve", kind="p256")
    locked = write_pem(tmp_path / "locked.pem", password=b"secret")
    for key, said in (
        (other.private, "not an Ed25519 key"),
        (locked, "without a password"),
        (keys.public, "private key"),
    ):
        with pytest.raises(BundleError, match=said):
            sign(small_bundle, key)
    for key, said in (
        (other.public, "not an Ed25519 key"),
        (keys.private, "not a public key"),
        (tmp_path / "no", "be read"),
    ):
        with pytest.raises(BundleError, match=said):
            verify_signature(small_bundle, key)


def test_nobody_signs_a_damaged_bundle(small_bundle: Path, keys: Keys) -> None:
    (small_bundle / "golden" / "prosody.npz").write_bytes(b"x")
    result = CliRunner().invoke(main, ["bundle", "sign", str(small_bundle), "--key", str(keys.private)])
    assert result.exit_code == 1
    assert not (small_bundle / SIGNATURE_FILE).exists()
