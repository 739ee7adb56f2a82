"""`emvas bundle show`, `verify`, `sign` and `fetch`; `fetch words` builds the bundle with speech and text here.

Speech and text are converted by `export`, as everywhere, which needs torch. A machine without torch gets it in an
environment that is removed afterwards: a second converter, without torch, would have to be proven with every version.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable, Sequence
from importlib.metadata import requires
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from edge.bundle.manifest import Manifest, Role, read_manifest
from edge.error import EmvasError
from edge.shipped import BUNDLE, CONFIGS

_EXAMPLE = """\b
Example:
  emvas bundle fetch words --out words
  emvas bundle fetch https://example.org/emvas-words.tar --sha256 HASH --out words
"""
WORDS = "words"
"""The part of the recipe, and its name in `emvas bundle fetch`."""
_ROLES = ("asr", "text")
_EXTRAS = ("cpu", "export")
_EMVAS = "from edge.cli.main import main; main()"


class WordsError(EmvasError):
    """The bundle with words cannot be built here."""


@click.command(epilog="Example: emvas bundle show build/bundle")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole manifest as JSON.")
def show(folder: Path, as_json: bool) -> None:
    """Show what the bundle in FOLDER holds, where it came from and what was measured."""
    manifest = read_manifest(folder)
    if as_json:
        click.echo(manifest.model_dump_json(indent=2))
        return
    console = Console()
    console.print(_table(manifest))
    for name, role in manifest.roles.items():
        for note in role.not_checked:
            console.print(f"{name}: not checked: {note}", markup=False, highlight=False)
    click.echo(f"Next: emvas bundle verify {folder}")


def _table(manifest: Manifest) -> Table:
    table = Table(title=f"{manifest.name} {manifest.version}", title_justify="left", box=None)
    for heading in ("role", "variant", "MB", "ms, 1 thread", "licence", "from"):
        table.add_column(heading, overflow="fold")
    for name, role in manifest.roles.items():
        licences, archives = _origin(role)
        for variant, described in role.variants.items():
            size = sum(graph.bytes for graph in described.graphs.values()) / 1e6
            latency = described.measured.get("latency_ms_1_thread", {})
            times = "\n".join(f"{graph} {value:g}" for graph, value in latency.items())
            mark = " (cpu)" if role.default["cpu"] == variant else ""
            table.add_row(name, variant + mark, f"{size:.1f}", times, licences, archives)
    return table


def _origin(role: Role) -> tuple[str, str]:
    """Licences and archives, each once."""
    licences = dict.fromkeys(source.licence for source in role.sources)
    archives = dict.fromkeys(source.archive for source in role.sources)
    return ", ".join(licences), "\n".join(archives)


@click.command(epilog="Example: emvas bundle verify build/bundle")
@click.argument("folder", type=click.Path(path_type=Path))
def verify(folder: Path) -> None:
    """Check the SHA-256 of every file of the bundle in FOLDER."""
    from edge.bundle.bundle import Bundle

    files = Bundle(folder).manifest.files()
    megabytes = sum(stored.bytes for stored in files) / 1e6
    click.echo(f"{folder}: {len(files)} files, {megabytes:.1f} MB, all as the manifest says")
    click.echo(f"Next: emvas check --bundle {folder}")


@click.command(epilog="Example: emvas bundle sign build/bundle --key signer.pem")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), required=True, help="Ed25519 private key (PEM), no password.")
def sign(folder: Path, key: Path) -> None:
    """Sign the manifest of the bundle in FOLDER, which holds the hash of every other file.

    Make the keys once: `openssl genpkey -algorithm ed25519 -out signer.pem`, and from it
    `openssl pkey -in signer.pem -pubout -out signer.pub`. A box with this file at
    `/etc/emvas/signer.pub` takes no other bundle.
    """
    from edge.bundle.bundle import Bundle
    from edge.bundle.signature import sign as write_signature

    Bundle(folder)  # a damaged bundle is not signed
    click.echo(f"signed: {write_signature(folder, key)}")
    click.echo(f"Next: tar -C {folder} -cf bundle.tar . and on the box: sudo emvas bundle install bundle.tar")


@click.command(epilog=_EXAMPLE)
@click.argument("source")
@click.option("--sha256", help="Of the archive, as its maker publishes it; required except for `words`.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder for the bundle.")
@click.option("--signed-by", type=click.Path(path_type=Path), help="Public key (PEM) of the required signer.")
def fetch(source: str, sha256: str | None, out: Path, signed_by: Path | None) -> None:
    """Fetch the tar archive SOURCE, an https:// address or a file, and unpack its bundle into --out.

    SOURCE `words` builds the bundle with speech and text on this machine, from pinned weights. Torch is installed in
    an environment that is removed afterwards.

    The hash of an archive is checked before it is read. If a file differs from the manifest or the signature does not
    fit, everything is removed again. `sudo emvas bundle install` then puts the bundle on the box.
    """
    from edge.bundle.bundle import Bundle
    from edge.bundle.install import fetch_bundle
    from edge.bundle.signature import signers

    console = Console(stderr=True)
    if source == WORDS:
        build_words(out, console.print)
        bundle = Bundle(out)
    elif sha256 is None:
        raise click.UsageError(f"--sha256 is missing: {source} is trusted by its hash alone")
    else:
        with console.status(f"fetching {source}"):
            bundle = fetch_bundle(source, sha256, out, signers(signed_by))
    megabytes = sum(stored.bytes for stored in bundle.manifest.files()) / 1e6
    click.echo(f"{out}: {bundle.manifest.name} {bundle.manifest.version}, {megabytes:.1f} MB, all as the manifest says")
    click.echo(f"Next: emvas check --bundle {out}, or on a box: sudo emvas bundle install {out}")


def build_words(out: Path, report: Callable[[str], None]) -> None:
    """Write the bundle `out`: the bundle of the package, with speech and text added.

    Raises:
        WordsError: `out` exists already, or a step failed; its message is on the terminal.
    """
    if out.exists():
        raise WordsError(f"{out} exists already: name a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as place:
        home, built = Path(place) / "env", Path(place) / "built"
        report("1 of 2: torch and the other converters of models, into an environment that is removed afterwards")
        venv.create(home, with_pip=True)
        python = str(home / "bin" / "python")
        _install(python)
        _see_this_environment(home)
        report("2 of 2: fetching the weights (340 MB), converting and proving them")
        shutil.copytree(BUNDLE, built)
        roles = [argument for role in _ROLES for argument in ("--role", role)]
        recipe = str(CONFIGS / "bundles" / "default.yaml")
        _run([python, "-c", _EMVAS, "bundle", "build", recipe, "--part", WORDS, *roles, "--out", str(built)])
        built.rename(out)


def _install(python: str) -> None:
    named = [text for extra in _EXTRAS for text in _requirements_of(extra)]
    torch = next(text for text in named if text.startswith("torch=="))
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"{torch}+cpu"], check=False, stderr=subprocess.DEVNULL)  # where the index has it
    _run([*pip, *named])


def _requirements_of(extra: str) -> list[str]:
    """The requirements of an extra of this package, in pip's form."""
    condition = f'extra == "{extra}"'
    found = [text for text in requires("emvas-edge") or [] if condition in text]
    return [text.replace(f" and {condition}", "").replace(f"; {condition}", "") for text in found]


def _see_this_environment(home: Path) -> None:
    """Let the new environment find this package, installed or a checkout, after its own packages."""
    there = next((home / "lib").glob("python*/site-packages"))
    here = [sysconfig.get_path("purelib"), *(path for path in sys.path if path and Path(path).is_dir())]
    lines = [f"import site; site.addsitedir({path!r})" for path in dict.fromkeys(here) if "site-packages" in path]
    (there / "emvas.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _run(command: Sequence[str]) -> None:
    if code := subprocess.run(command, check=False).returncode:
        raise WordsError(f"{' '.join(command[1:4])} ... ended with {code}; its message is above")
