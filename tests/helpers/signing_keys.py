"""Key pairs as PEM files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class Keys:
    private: Path
    public: Path


def make_keys(folder: Path, name: str, kind: Literal["ed25519", "p256"] = "ed25519") -> Keys:
    """Write `name`.pem and `name`.pub into `folder`."""
    key = Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    keys = Keys(folder / f"{name}.pem", folder / f"{name}.pub")
    write_pem(keys.private, key)
    keys.public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return keys


def write_pem(
    path: Path, key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey | None = None, password: bytes | None = None
) -> Path:
    """Write a private key, a new one unless given."""
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    key = key or Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    return path
