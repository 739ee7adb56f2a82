"""Tables as CSV and XLSX: the events of a report with the definition of their columns, and one row per recording."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter

from edge.affect.fusion import EMOTIONS
from edge.dashboard.data.events import Incident, LevelSpan
from edge.dashboard.event_text import evidence_text
from edge.dashboard.report.index import MarkedMoment, RecordingEntry
from edge.dashboard.report.report_data import ReportData
from edge.dashboard.report.utterances import UtteranceLine
from edge.i18n.texts import Labels
from edge.messages import Closure, Group, Source

Cell = str | float | int | None
Row = dict[str, Cell]
Table = tuple[Sequence[str], Sequence[Row]]
"""Head and rows."""
_COLUMN_WIDTH = 14
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a formula in a spreadsheet (OWASP, CSV injection)."""
_ENGLISH = Labels("en")


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column; `meaning` goes to docs/report-columns.md."""

    name: str
    unit: str
    meaning: str


EVENTS = {
    "utterance": "a person spoke; with words and affect if they are recorded",
    "window": "a period without speech with a judged affect",
    "group": "means over at least five faces in a window",
    "level": "a period with one fatigue level, of the person with the gravest level",
    "alert": "one alert from new to end",
    "closure": "eyes closed longer than a blink",
    "yawn": "a yawn",
    "nod": "the head sinks and jerks back",
    "missing": "a source or stage was lost or absent; its end is not recorded",
}
"""Kinds of rows; blinks and faces are in the JSONL only."""

COLUMNS = (
    ReportColumn("event", "", "kind of row: one of the events below"),
    ReportColumn("time", "ISO 8601", "start by the clock of the box, with its offset from UTC; empty for a recording"),
    ReportColumn("start_s", "s", "start, from the start of the report (of the recording, or of --from)"),
    ReportColumn("end_s", "s", "end; empty while it lasts or if it was not recorded"),
    ReportColumn("duration_s", "s", "length"),
    ReportColumn("person", "", "number of the person's track; it starts again with every run of the box"),
    ReportColumn("name", "", "emotion, kind of alert, class of closure, level, or source"),
    ReportColumn("level", "", "none, advisory, warning, critical or emergency; of an alert its gravest level"),
    ReportColumn("score", "-1..1", "affect, from negative to positive"),
    ReportColumn("polarity", "", "the score in five classes"),
    ReportColumn("score_text", "-1..1", "score of the words alone; empty if absent"),
    ReportColumn("score_voice", "-1..1", "score of the tone of voice alone; empty if absent"),
    ReportColumn("score_face", "-1..1", "score of the face alone; empty if absent"),
    ReportColumn("confidence", "0..1", "of the affect"),
    ReportColumn("arousal", "-1..1", "from the voice, calm to excited; empty if absent"),
    ReportColumn(
        "arousal_confidence", "0..1", "of the arousal: how well the voice is known; low for its first utterance"
    ),
    ReportColumn("language", "ISO 639-1", "of the words"),
    ReportColumn("words", "", "transcript, if the purpose permits it"),
    ReportColumn("faces", "", "how many faces a group had"),
    ReportColumn("negative_share", "0..1", "share of a group's faces that look more negative than usual"),
    ReportColumn("noise_db", "dBFS", "level of the room's audio over a group window"),
    ReportColumn("detail", "", "evidence of an alert, or why a source is missing"),
)


def csv_text(data: ReportData) -> str:
    """The table, events in order of their start; a text like a formula starts with an apostrophe."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, [column.name for column in COLUMNS], restval="")
    writer.writeheader()
    writer.writerows(rows(data))
    return stream.getvalue()


def rows(data: ReportData) -> Iterator[Row]:
    """The events in order of their start, ready for a table."""
    begun_s = data.found.start_s
    for start_s, end_s, cells in sorted(_events(data), key=lambda event: event[0]):
        moment = data.moment(start_s)
        row: Row = {
            "time": moment.isoformat(timespec="milliseconds") if moment else None,
            "start_s": start_s - begun_s,
            "end_s": None if end_s is None else end_s - begun_s,
            "duration_s": None if end_s is None else end_s - start_s,
            **cells,
        }
        yield {name: cell(value) for name, value in row.items()}


def columns_page() -> str:
    """docs/report-columns.md."""
    columns = "\n".join(f"| `{c.name}` | {c.unit} | {c.meaning} |" for c in COLUMNS)
    events = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in EVENTS.items())
    return f"""# The columns of `emvas report --csv`

One row per event, in order of its start. The file is UTF-8 with a byte order mark (for spreadsheets), commas, CRLF and
a header line. Unknown values are empty, never zero. A text that a spreadsheet would read as a formula starts with an
apostrophe.

| column | unit | meaning |
|---|---|---|
{columns}

| event | meaning |
|---|---|
{events}

Blinks and single faces are in the JSONL of `emvas replay` only.
"""


def cell(value: Cell) -> Cell:
    """A value for a table: rounded, on one line, and never a formula."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, str):
        flat = " ".join(value.split())
        return f"'{flat}" if flat.startswith(_FORMULA) else flat
    return value


def _events(data: ReportData) -> Iterator[tuple[float, float | None, Row]]:
    for line in data.lines:
        yield line.start_s, line.end_s, _line(line)
    for group in data.groups:
        yield group.start_s, group.end_s, _group(group)
    for span in data.found.levels:
        yield span.start_s, span.end_s, _level(span)
    for incident in data.found.incidents:
        yield incident.start_s, incident.end_s, _alert(incident)
    for event in data.events:
        name = event.class_ if isinstance(event, Closure) else None
        yield event.start_s, event.end_s, {"event": event.kind, "person": event.track, "name": name}
    for source in data.found.sources:
        yield source.t_s, None, _missing(source)


def _line(line: UtteranceLine) -> Row:
    row: Row = {"event": "utterance" if line.spoken else "window"}
    if line.words:
        row |= {"language": line.words.language, "words": line.words.text}
    if affect := line.affect:
        row |= {"person": affect.track, "name": affect.emotion, "score": affect.score, "polarity": affect.polarity}
        row |= {"score_text": affect.modalities.get("text"), "score_voice": affect.modalities.get("audio")}
        row |= {"score_face": affect.modalities.get("vision"), "confidence": affect.confidence}
        if affect.arousal is not None:
            row |= {"arousal": affect.arousal, "arousal_confidence": affect.arousal_confidence}
    return row


def _group(group: Group) -> Row:
    return {
        "event": "group",
        "faces": group.faces,
        "negative_share": group.negative_share,
        "noise_db": group.noise_db,
    }


def _level(span: LevelSpan) -> Row:
    return {"event": "level", "name": span.level.name.lower(), "level": span.level.name.lower()}


def _alert(incident: Incident) -> Row:
    return {
        "event": "alert",
        "duration_s": incident.duration_s,
        "person": incident.evidence.get("track"),
        "name": incident.alert,
        "level": incident.level.name.lower(),
        "detail": evidence_text(incident, _ENGLISH),
    }


def _missing(source: Source) -> Row:
    return {"event": "missing", "name": source.source, "detail": f"{source.state}: {source.detail}".rstrip(": ")}


def recordings_table(entries: Sequence[RecordingEntry]) -> Table:
    """One row per recording; times are seconds of the recording, unknown values are empty."""
    made = [_row(entry) for entry in entries]
    head = list(made[0]) if made else ["recording"]
    return head, made


def events_table(reports: Sequence[ReportData]) -> Table:
    """The events of all recordings: the recording, then the columns of `emvas report --csv`."""
    head = ["recording", *(column.name for column in COLUMNS)]
    return head, [{"recording": cell(data.name), **row} for data in reports for row in rows(data)]


def as_csv(table: Table) -> bytes:
    """UTF-8 with a byte order mark, for spreadsheets."""
    head, found = table
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, head, restval="")
    writer.writeheader()
    writer.writerows(found)
    return stream.getvalue().encode("utf-8-sig")


def as_xlsx(sheets: Mapping[str, Table]) -> bytes:
    """One sheet per table, with a frozen head and filters."""
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
            sheet.set_column(0, len(head) - 1, _COLUMN_WIDTH)
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
