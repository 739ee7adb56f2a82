"""Tables of many recordings: one row a recording and one row an event, as CSV and as one workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import xlsxwriter

from edge.affect.words import EMOTIONS
from edge.dashboard.report.overview import MarkedMoment, RecordingEntry
from edge.dashboard.report.report_data import ReportData
from edge.dashboard.report.tables import COLUMNS, Cell, Row, cell, rows

Table = tuple[Sequence[str], Sequence[Row]]
_WIDTH = 14


def recordings_table(entries: Sequence[RecordingEntry]) -> Table:
    """One row a recording; times are seconds of the recording, what is unknown is empty."""
    made = [_row(entry) for entry in entries]
    head = list(made[0]) if made else ["recording"]
    return head, made


def events_table(subjects: Sequence[ReportData]) -> Table:
    """The events of all recordings, in the columns of `emvas report --csv` with the recording before them."""
    head = ["recording", *(column.name for column in COLUMNS)]
    return head, [{"recording": cell(subject.name), **row} for subject in subjects for row in rows(subject)]


def as_csv(table: Table) -> bytes:
    """UTF-8 with a byte order mark, as spreadsheets want it."""
    head, found = table
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, head, restval="")
    writer.writeheader()
    writer.writerows(found)
    return stream.getvalue().encode("utf-8-sig")


def as_xlsx(sheets: Mapping[str, Table]) -> bytes:
    """One sheet a table, its head frozen and with filters."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        bold = book.add_format({"bold": True})
        for name, (head, found) in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, head, bold)
            for number, row in enumerate(found, start=1):
                for column, key in enumerate(head):
                    if (value := row.get(key)) not in (None, ""):
                        sheet.write(number, column, value)
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, max(1, len(found)), len(head) - 1)
            sheet.set_column(0, len(head) - 1, _WIDTH)
    return stream.getvalue()


def _row(entry: RecordingEntry) -> Row:
    row: dict[str, Cell] = {
        "recording": entry.name,
        "length_s": entry.length_s,
        "people": entry.people,
        "eyes_judged_share": entry.usable_ratio,
        "affect_judged_s": entry.judged_s,
        "utterances": entry.utterances,
        "score_mean": entry.mean,
        "score_sd": entry.spread,
    }
    for word in EMOTIONS:
        row[f"{word.en}_share"] = entry.emotions.get(word.en, 0.0) if entry.judged_s else None
        row[f"{word.en}_count"] = entry.counts.get(word.en, 0)
    row |= _moment("lowest", entry.lowest) | _moment("highest", entry.highest)
    row |= {"alerts": entry.alerts, "gravest_alert": entry.gravest.name.lower() if entry.gravest is not None else None}
    row["faults"] = "; ".join(entry.faults)
    return {name: cell(value) for name, value in row.items()}


def _moment(which: str, moment: MarkedMoment | None) -> dict[str, Cell]:
    return {
        f"{which}_score": moment.score if moment else None,
        f"{which}_at_s": moment.start_s if moment else None,
        f"{which}_words": moment.words if moment else None,
    }
