"""`python -m benchmarks.gpu.publish build/gpu/gpu.json`: the record into docs/evidence, its sentence into README."""

from __future__ import annotations

import json
from pathlib import Path

import click

from benchmarks.evidence import write_page
from benchmarks.gpu import page

_EVIDENCE = Path(__file__).resolve().parents[2] / "docs" / "evidence"


@click.command(epilog="Example: python -m benchmarks.gpu.publish build/gpu/gpu.json")
@click.argument("record", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(record: Path) -> None:
    """Copy RECORD to docs/evidence/gpu.json, make gpu.md of it, and let README say what it says."""
    content = json.loads(record.read_text(encoding="utf-8"))
    write_page(_EVIDENCE, page.NAME, content, page.page(content))
    page.update_readme(content)
    click.echo(f"{_EVIDENCE / page.NAME}.json, its page and README written. Next: read them and commit.")


if __name__ == "__main__":
    main()
