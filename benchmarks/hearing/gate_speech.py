"""The speech that the gate judges variants of `asr` on: `python -m benchmarks.hearing.gate_speech --data DIR`.

Writes a list of `path<TAB>text` rows for `emvas bundle build --measure --evaluation`. Mandarin is read by one speaker
of AISHELL-1 and acted by the two of CASIA; English is acted by the 16 speakers of RAVDESS. None of them was trained on.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

_CASIA_EVERY, _RAVDESS_EVERY = 6, 5
"""Steps through the files of these corpora, which repeat few sentences: 100 and 141 recordings."""
_RAVDESS_SAID = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}
"""The sentence by the fifth number of a file's name (Livingstone and Russo 2018)."""

Row = tuple[Path, str]
"""A recording and what is said in it."""


def rows(data: Path) -> list[Row]:
    """Every recording of the list."""
    return [
        *_tabled(data / "aishell_S0150", "text.tsv", 1),
        *_tabled(data / "casia_zh", "transcripts.tsv", 3)[1::_CASIA_EVERY],  # the first row names the columns
        *_ravdess(data / "ravdess")[::_RAVDESS_EVERY],
    ]


def _tabled(folder: Path, table: str, column: int) -> list[Row]:
    """File names in the first column of a table, texts in `column`."""
    lines = (folder / table).read_text(encoding="utf-8").splitlines()
    return [(folder / cells[0], cells[column]) for cells in (line.split("\t") for line in lines)]


def _ravdess(folder: Path) -> list[Row]:
    return [(path, _RAVDESS_SAID[path.name.split("-")[4]]) for path in sorted(folder.glob("Actor_*/*.opus"))]


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="The shared data folder.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/gate_speech.tsv"), show_default=True)
def main(data: Path, out: Path) -> None:
    """Write the list; its paths are relative to its folder."""
    out.parent.mkdir(parents=True, exist_ok=True)
    listed = [f"{os.path.relpath(path, out.parent)}\t{text}\n" for path, text in rows(data)]
    out.write_text("".join(listed), encoding="utf-8")
    click.echo(f"{len(listed)} recordings: {out}")


if __name__ == "__main__":
    main()
