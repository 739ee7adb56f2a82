"""`python -m benchmarks.gpu.publish build/gpu/gpu.json`: the record into docs/evidence, its sentence into README."""

from __future__ import annotations

import json
from pathlib import Path

import click

from benchmarks.gpu import page

_EVIDENCE = Path(__file__).resolve().parents[2] / "docs" / "evidence"


@click.command(epilog="Example: python -m benchmarks.gpu.publish build/gpu/gpu.json")
@click.argument("record", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(record: Path) -> None:
    """Copy RECORD to docs/evidence/gpu.json, make gpu.md of it, and let README say what it says."""
    content = json.loads(record.read_text(encoding="utf-8"))
    kept = _EVIDENCE / f"{page.NAME}.json"
    kept.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    kept.with_suffix(".md").write_text(page.page(content), encoding="utf-8")
    page.update_readme(kept)
    click.echo(f"{kept}, its page and README written. Next: read them and commit.")


if __name__ == "__main__":
    main()
