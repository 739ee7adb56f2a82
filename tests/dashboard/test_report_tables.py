from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from made_recording import drive

from edge.dashboard.report.report_data import from_messages
from edge.dashboard.report.tables import COLUMNS, EVENTS, columns_page, csv_text
from edge.messages import Message

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "report-columns.md"


def rows(messages: list[Message], **settings: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(from_messages("talk", messages, **settings)))))  # type: ignore[arg-type]


def test_the_guide_is_made_of_the_table() -> None:
    assert GUIDE.read_text(encoding="utf-8") == columns_page(), (
        "docs/report-columns.md is not up to date: write edge.dashboard.report.tables.columns_page() there"
    )


def test_each_event_of_the_drive_is_one_row_in_order() -> None:
    found = rows(drive("hello"))
    assert list(found[0]) == [column.name for column in COLUMNS]
    starts = [float(row["start_s"]) for row in found]
    assert starts == sorted(starts)
    counts = {event: sum(row["event"] == event for row in found) for event in EVENTS}
    assert counts == {
        "utterance": 4,
        "window": 0,
        "group": 1,
        "level": 4,
        "alert": 2,
        "closure": 1,
        "yawn": 1,
        "nod": 1,
        "missing": 2,
    }


def test_a_row_holds_what_is_known_and_nothing_else() -> None:
    found = rows(drive("hello"))
    said = next(row for row in found if row["event"] == "utterance")
    assert (said["name"], said["score"], said["words"], said["language"]) == ("happy", "0.55", "hello", "en")
    assert (said["score_text"], said["score_voice"], said["score_face"]) == ("0.55", "", "0.55")
    assert (said["time"], said["start_s"], said["end_s"], said["duration_s"]) == ("", "5.0", "8.0", "3.0")
    lasting = [row for row in found if row["event"] == "alert"][1]
    assert (lasting["name"], lasting["end_s"], lasting["duration_s"]) == ("drowsiness", "", "2.0")


def test_a_timeline_tells_the_time_of_day_with_its_offset(box_zone: Callable[[str], None]) -> None:
    box_zone("Asia/Shanghai")
    found = rows(drive(), recording=False)
    assert next(row for row in found if row["event"] == "yawn")["time"] == "1970-01-01T08:00:43.000+08:00"


@pytest.mark.parametrize("words", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(1)", "\t=1"])
def test_words_cannot_become_a_formula(words: str) -> None:
    said = next(row for row in rows(drive(words)) if row["event"] == "utterance")
    assert said["words"].startswith("'")


def test_words_keep_commas_quotes_and_chinese_and_stay_on_one_line() -> None:
    said = next(row for row in rows(drive('he said "是, 好"\nthen left')) if row["event"] == "utterance")
    assert said["words"] == 'he said "是, 好" then left'
