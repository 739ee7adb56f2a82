"""`emvas bundle fetch`: a bundle believed by its hash, from the network or a stick; or one with words, built here."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

_EXAMPLE = """\b
Example:
  emvas bundle fetch words --out words
  emvas bundle fetch https://example.org/emvas-words.tar --sha256 HASH --out words
"""


@click.command(epilog=_EXAMPLE)
@click.argument("source")
@click.option("--sha256", help="Of the archive, as who made it publishes it; needed for all but `words`.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder for the bundle.")
@click.option("--signed-by", type=click.Path(path_type=Path), help="Public key (PEM) of who must have signed it.")
def fetch(source: str, sha256: str | None, out: Path, signed_by: Path | None) -> None:
    """Take the tar archive SOURCE, an https:// address or a file, and unpack the bundle in it into --out.

    SOURCE `words` builds the bundle with speech and text on this machine, from pinned weights, with torch in an
    environment that is removed afterwards.

    Nothing of an archive is read before its hash is right, and nothing stays when a file is not what the manifest says
    or the signature does not fit. `sudo emvas bundle install` then puts it on the box.
    """
    from edge.bundle.bundle import Bundle
    from edge.bundle.install import fetch_bundle
    from edge.bundle.signature import signers
    from edge.cli.words import NAME, build_words

    console = Console(stderr=True)
    if source == NAME:
        build_words(out, console.print)
        bundle = Bundle(out)
    elif sha256 is None:
        raise click.UsageError(f"--sha256 is missing: {source} is believed by its hash alone")
    else:
        with console.status(f"fetching {source}"):
            bundle = fetch_bundle(source, sha256, out, signers(signed_by))
    megabytes = sum(stored.bytes for stored in bundle.manifest.files()) / 1e6
    click.echo(f"{out}: {bundle.manifest.name} {bundle.manifest.version}, {megabytes:.1f} MB, all as the manifest says")
    click.echo(f"Next: emvas check --bundle {out}, or on a box: sudo emvas bundle install {out}")
