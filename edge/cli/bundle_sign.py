"""`emvas bundle sign`: say who made a bundle."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: emvas bundle sign build/bundle --key signer.pem")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), required=True, help="Ed25519 private key (PEM), no password.")
def sign(folder: Path, key: Path) -> None:
    """Sign the manifest of the bundle in FOLDER, which vouches for every other file.

    Make the keys once: `openssl genpkey -algorithm ed25519 -out signer.pem`, and from it
    `openssl pkey -in signer.pem -pubout -out signer.pub`. A box that has it at
    `/etc/emvas/signer.pub` takes no other bundle.
    """
    from edge.bundle.bundle import Bundle
    from edge.bundle.signature import sign as write_signature

    Bundle(folder)  # nobody signs what is not sound
    click.echo(f"signed: {write_signature(folder, key)}")
    click.echo(f"Next: tar -C {folder} -cf bundle.tar . and on the box: sudo emvas bundle install bundle.tar")
