"""The layout of CH-SIMS and MMSA-FET: `label.csv` and `Raw/VIDEO/CLIP.*`, read row by row."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from training.features.dataset import LABELS, SPLITS, FeaturesError

TABLE = "label.csv"
_NEEDED = ("video_id", "clip_id", "label", "mode")
_GREATEST_LABEL = 3.0
"""Largest label: MOSI and MOSEI have -3 to 3, CH-SIMS -1 to 1."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row, or the table as a whole, gives no sample."""

    file: str
    row: int | None
    """Line of the table, its header being line 1."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file}{'' if self.row is None else f', row {self.row}'}: {self.reason}"


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One clip and its labels."""

    line: int
    id: str
    """As in MMSA: `VIDEO$_$CLIP`."""
    path: Path
    text: str
    split: str
    labels: tuple[float, float, float, float]
    """In the order of `LABELS`; NaN if a modality was not rated."""


@dataclass(frozen=True, slots=True)
class DatasetLayout:
    """The usable rows of a data set, and the faults of the others."""

    table: Path
    rows: tuple[DatasetRow, ...]
    problems: tuple[Problem, ...]


def read_layout(folder: Path, text_needed: bool) -> DatasetLayout:
    """Read the table of a data set and find its clips.

    Raises:
        FeaturesError: the table is missing, cannot be read, or lacks a column.
    """
    table = folder / TABLE
    rows: dict[str, DatasetRow] = {}
    problems: list[Problem] = []
    clips: dict[Path, dict[str, list[Path]]] = {}
    for line, record in _records(table, text_needed):
        row = _row_or_reason(folder, line, record, clips)
        if isinstance(row, DatasetRow) and row.id in rows:
            row = f"{row.id} is in row {rows[row.id].line} already"
        if isinstance(row, DatasetRow):
            rows[row.id] = row
        else:
            problems.append(Problem(str(table), line, row))
    empty = [split for split in SPLITS if not any(row.split == split for row in rows.values())]
    problems += [Problem(str(table), None, f"no usable row has the mode {split}") for split in empty]
    return DatasetLayout(table, tuple(rows.values()), tuple(problems))


class _BadRowError(Exception):
    """The reason why a row is left out."""


def _records(table: Path, text_needed: bool) -> Iterable[tuple[int, Mapping[str, str]]]:
    needed = (*_NEEDED, "text") if text_needed else _NEEDED
    try:
        with table.open(encoding=_encoding(table), newline="") as stream:
            reader = csv.DictReader(stream, restval="", delimiter=_delimiter(stream.readline()))
            stream.seek(0)
            found = reader.fieldnames or []
            missing = [name for name in needed if name not in found]
            if missing:
                hint = "; --transcribe lets the box hear the words" if missing == ["text"] else ""
                raise FeaturesError(f"{table}, row 1: lacks {', '.join(missing)}; it has {', '.join(found)}{hint}")
            yield from ((reader.line_num, record) for record in reader)
    except FileNotFoundError as error:
        raise FeaturesError(
            f"{table}: there is no such file; a data set is a folder with {TABLE} and Raw/VIDEO/CLIP.mp4"
        ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FeaturesError(f"{table} cannot be read: {error}; it must be CSV in UTF-8 or GBK") from error


def _encoding(table: Path) -> str:
    """Decode UTF-8, or GBK as Chinese spreadsheets save it: valid text of one is hardly ever valid in the other."""
    try:
        table.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return "gbk"
    return "utf-8-sig"


def _delimiter(header: str) -> str:
    """The separator of the columns: spreadsheets of some languages save semicolons or tabs."""
    return max(",;\t", key=header.count)


def _row_or_reason(
    folder: Path, line: int, record: Mapping[str, str], clips: dict[Path, dict[str, list[Path]]]
) -> DatasetRow | str:
    try:
        return _row(folder, line, record, clips)
    except _BadRowError as error:
        return str(error)


def _row(folder: Path, line: int, record: Mapping[str, str], clips: dict[Path, dict[str, list[Path]]]) -> DatasetRow:
    video, clip = (_name(record, column) for column in ("video_id", "clip_id"))
    split = record["mode"].strip()
    split = "valid" if split == "dev" else split
    if split not in SPLITS:
        raise _BadRowError(f"its mode is {split!r}, not one of {', '.join(SPLITS)}")
    labels = [_label(record, name) for name in LABELS]
    if math.isnan(labels[0]):
        raise _BadRowError("it has no label")
    path = _clip(folder / "Raw" / video, clip, clips)
    text = (record.get("text") or "").strip()
    return DatasetRow(line, f"{video}$_${clip}", path, text, split, (labels[0], labels[1], labels[2], labels[3]))


def _name(record: Mapping[str, str], column: str) -> str:
    name = record[column].strip()
    if not name or name in {".", ".."} or set("/\\\0") & set(name):
        raise _BadRowError(f"its {column} {name!r} is no name of a file")
    return name


def _label(record: Mapping[str, str], name: str) -> float:
    text = (record.get(name) or "").strip()
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        raise _BadRowError(f"its {name} {text!r} is no number") from None
    if abs(value) > _GREATEST_LABEL:
        raise _BadRowError(f"its {name} {text} is outside of -{_GREATEST_LABEL:g} to {_GREATEST_LABEL:g}")
    return value


def _clip(folder: Path, clip: str, clips: dict[Path, dict[str, list[Path]]]) -> Path:
    """The file of a clip, in any container; .mp4 comes first."""
    if folder not in clips:
        clips[folder] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            clips[folder].setdefault(path.stem, []).append(path)
    found = clips[folder].get(clip, [])
    if not found:
        raise _BadRowError(f"there is no clip {folder / clip}.*{_lost_zeros(clips[folder], clip)}")
    first = [path for path in found if path.suffix.lower() == ".mp4"] or found
    if len(first) > 1:
        raise _BadRowError(f"which of {', '.join(path.name for path in first)} in {folder} is meant?")
    return first[0]


def _lost_zeros(stems: Iterable[str], clip: str) -> str:
    """The hint for a table in which a spreadsheet turned names into numbers."""
    alike = [stem for stem in stems if stem.isdecimal() and clip.isdecimal() and int(stem) == int(clip)]
    if not alike:
        return ""
    return f", but {alike[0]}: a spreadsheet took the names for numbers; import the column clip_id as text"
