"""The signature of a bundle: Ed25519 (RFC 8032), detached, over the manifest with the hashes of all files.

The signature is the 64 raw bytes and the keys are PEM files, so `openssl` makes the keys and can check the signature:

    openssl genpkey -algorithm ed25519 -out signer.pem
    openssl pkey -in signer.pem -pubout -out signer.pub
    openssl pkeyutl -verify -rawin -in bundle.yaml -sigfile bundle.yaml.sig -pubin -inkey signer.pub
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from edge.bundle.manifest import MANIFEST_FILE, BundleError

SIGNATURE_FILE = f"{MANIFEST_FILE}.sig"
BOX_SIGNER = Path("/etc/emvas/signer.pub")
"""If this file exists, only bundles signed with its key are accepted, whatever the configuration says. Only root can
write it; a configuration cannot remove it."""


def sign(folder: Path, private_key: Path) -> Path:
    """Sign the bundle in `folder` and return the signature's path.

    Raises:
        BundleError: the manifest is missing, or `private_key` is not an Ed25519 key without a password.
    """
    try:
        key = load_pem_private_key(_read(private_key), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it has a password
        raise BundleError(f"{private_key} is not a private key without a password: {_MAKE}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BundleError(f"{private_key} is not an Ed25519 key: {_MAKE}")
    path = folder / SIGNATURE_FILE
    unfinished = folder / f".{SIGNATURE_FILE}"
    unfinished.write_bytes(key.sign(_read(folder / MANIFEST_FILE)))
    unfinished.replace(path)
    return path


def signers(named: Path | None) -> tuple[Path, ...]:
    """The public keys of the required signers: the box's own, and the one of the configuration."""
    try:
        installed = (BOX_SIGNER,) if os.path.lexists(BOX_SIGNER) else ()
    except PermissionError:  # a user without this right does not run the installed box
        installed = ()
    return (*installed, *((named,) if named is not None else ()))


def verify_signature(folder: Path, public_key: Path) -> None:
    """Check that the bundle is signed with the private key of `public_key`. BundleError says why it is not."""
    try:
        key = load_pem_public_key(_read(public_key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BundleError(f"{public_key} is not a public key in PEM; {_MAKE_PUBLIC}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BundleError(f"{public_key} is not an Ed25519 key; {_MAKE_PUBLIC}")
    path = folder / SIGNATURE_FILE
    if not path.is_file():
        raise BundleError(
            f"bundle {folder} is not signed, and this box accepts only signed bundles ({public_key}): "
            f"sign it where it is built: emvas bundle sign {folder} --key KEY"
        )
    try:
        key.verify(_read(path), _read(folder / MANIFEST_FILE))
    except InvalidSignature:
        raise BundleError(
            f"{path} does not fit: the manifest was changed after it was signed, or another key than "
            f"{public_key} signed it. Get the bundle again from a trusted source."
        ) from None


_MAKE = "make one with `openssl genpkey -algorithm ed25519 -out signer.pem`"
_MAKE_PUBLIC = "make it with `openssl pkey -in signer.pem -pubout -out signer.pub`"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from error
