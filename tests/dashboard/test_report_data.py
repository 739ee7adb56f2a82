from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made_recording import LENGTH_S, drive
from scenes import blind

from edge.cli.main import main
from edge.config.delivery import StoreConfig
from edge.config.purpose import ALLOWANCES, Purpose
from edge.dashboard.data.calendar import parse_time, report_range
from edge.dashboard.report.html import render_report
from edge.dashboard.report.json_data import report_figures
from edge.dashboard.report.report_data import from_messages, from_timeline
from edge.i18n.texts import Labels
from edge.messages import Alert, Face, Group, Level, Message, Source
from edge.run_registry import started
from edge.store.timeline import Timeline

NOON_S = datetime(2026, 5, 4, 12, 0).timestamp()


@pytest.fixture(params=["UTC", "Asia/Shanghai"])
def timeline(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A drive at noon by the clock of the box."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    path = tmp_path / "timeline.db"
    store = Timeline(path, started("run", datetime(2026, 5, 4, 12, 0).timestamp()), StoreConfig(keep_words=True))
    for message in drive("secret words"):
        store.write(message)
    store.close()
    yield path
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def report(*words: object) -> Result:
    result = CliRunner().invoke(main, ["report", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def figures(*words: object) -> dict[str, object]:
    result = report(*words, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout)[0])


def test_a_timeline_is_reported_on_the_clock_of_the_box(timeline: Path, tmp_path: Path) -> None:
    found = figures(timeline, "--from", "2026-05-04 12:00", "--to", "2026-05-04 12:02")
    assert str(found["start"]).startswith("2026-05-04T12:00:00")
    assert found["length_s"] == LENGTH_S
    (first, _) = found["alerts"]  # type: ignore[misc]
    assert (first["start_s"], first["end_s"]) == (60.0, 62.7)
    assert str(first["time"]).startswith("2026-05-04T12:01:00")
    out = tmp_path / "page.html"
    assert report(timeline, "--from", "12:00", "--to", "12:02", "--out", out).exit_code == 0
    page = out.read_text(encoding="utf-8")
    for words in ("12:01:00", "2026-05-04 12:00 – 2026-05-04 12:02", "secret words", "those of the box"):
        assert words in page, words


def test_damaged_rows_are_left_out_and_the_page_says_how_many(timeline: Path, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(timeline)) as connection, connection:
        connection.execute(
            "UPDATE record SET record = 'no' WHERE id IN (SELECT id FROM record WHERE kind = 'face' LIMIT 2)"
        )
    out = tmp_path / "page.html"
    assert report(timeline, "--from", "12:00", "--to", "12:02", "--out", out).exit_code == 0
    page = out.read_text(encoding="utf-8")
    assert "could not be read completely: 2 unreadable rows" in page
    assert "12:01:00" in page


def test_only_the_time_that_is_asked_for_is_reported(timeline: Path) -> None:
    found = figures(timeline, "--from", "12:01", "--to", "12:02")
    assert found["length_s"] == 60.0
    assert [round(line["start_s"]) for line in found["utterances"]] == [28]  # type: ignore[attr-defined, index]
    assert figures(timeline)["length_s"] == 86_400.0


def test_the_purpose_of_the_config_withholds_what_an_older_one_kept(timeline: Path, tmp_path: Path) -> None:
    config = tmp_path / "box.yaml"
    config.write_text("purpose: driver-safety\nstore:\n  path: timeline.db\n")
    out = tmp_path / "page.html"
    assert report("--config", config, "--state", timeline.parent, "--from", "12:00", "--out", out).exit_code == 0
    page = out.read_text(encoding="utf-8")
    assert "secret words" not in page
    assert '"gauge"' not in page
    assert "microsleep" in page


@pytest.mark.parametrize("purpose", Purpose)
def test_no_form_holds_what_a_purpose_forbids(purpose: Purpose) -> None:
    allowance = ALLOWANCES[purpose]
    subject = from_messages("talk", drive("secret words"), allowance=allowance)
    told = json.dumps(report_figures(subject)) + render_report(subject, Labels("en"))
    assert ("secret words" in told) is allowance.words
    assert ("person 1" in told) is allowance.per_person
    assert (subject.found.score_mean is not None) is allowance.person_emotions


def test_wrong_times_and_files_are_told(timeline: Path, tmp_path: Path) -> None:
    assert report(timeline, "--from", "2026-05-05", "--to", "2026-05-04").exit_code == 2
    jsonl = tmp_path / "talk.jsonl"
    jsonl.write_text("")
    assert "are for a timeline" in report(jsonl, "--from", "12:00").output
    assert "say what to report" in report().output
    broken = tmp_path / "broken.db"
    broken.write_bytes(timeline.read_bytes()[:16] + b"x" * 5000)
    result = report(broken)
    assert result.exit_code == 1
    assert "is not a readable timeline" in result.output


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        ("06:00", "14:00", datetime(2026, 5, 4, 6), datetime(2026, 5, 4, 14)),
        ("22:00", "06:00", datetime(2026, 5, 3, 22), datetime(2026, 5, 4, 6)),
        (None, "12:00", datetime(2026, 5, 3, 12), datetime(2026, 5, 4, 12)),
        ("08:00", None, datetime(2026, 5, 4, 8), datetime(2026, 5, 4, 12, 0, 1)),
        ("2026-05-01", "2026-05-02", datetime(2026, 5, 1), datetime(2026, 5, 2)),
        ("2026-05-01T06:30:15+05:30", "2026-05-01 02:00Z", datetime(2026, 5, 1, 1, 0, 15, tzinfo=timezone.utc),
         datetime(2026, 5, 1, 2, tzinfo=timezone.utc)),
        ("2026-05-01T06:00-0330", "2026-05-01T10:00z", datetime(2026, 5, 1, 9, 30, tzinfo=timezone.utc),
         datetime(2026, 5, 1, 10, tzinfo=timezone.utc)),
    ],
)  # fmt: skip
def test_a_time_is_of_the_newest_day_and_of_the_box_unless_it_says_more(
    since: str | None, until: str | None, start: datetime, end: datetime
) -> None:
    said = [None if text is None else parse_time(text) for text in (since, until)]
    assert report_range(NOON_S, *said) == (start.timestamp(), end.timestamp())


@pytest.mark.parametrize("text", ["", "Z", "25:00", "2026-13-01", "2026-05-01Z", "12:00+99:99", "noon", "2026-05-01T"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_time(text)


def lesson() -> list[Message]:
    groups: list[Message] = [
        Group(10.0 * n + 10, 10.0 * n, 10.0 * n + 10, 6, 0.5 if n == 2 else 0.0, 0.2, 0.1, -40.0) for n in range(6)
    ]
    return [*groups, Alert(60.0, "g", "new", "group_mood", Level.ADVISORY, 50.0, 10.0, {"causes": ("sustained",)})]


def test_a_lesson_is_a_report_of_the_group_alone() -> None:
    subject = from_messages("lesson", lesson(), end_s=120.0)
    assert report_figures(subject)["group"] == {
        "valid_ratio": 0.5,
        "faces": 6.0,
        "negative_share": 0.0833,
        "spread": 0.2,
        "motion": 0.1,
        "noise_db": -40.0,
    }
    page = render_report(subject, Labels("en"))
    for words in ("only what groups of five or more", "Time with a group", "Negative faces", "mood below its usual"):
        assert words in page, words
    for words in ("PERCLOS mean", "Highest level", "No faces are on record", "Blinks"):
        assert words not in page, words


def test_an_unreadable_file_and_one_of_nothing_say_so() -> None:
    lost = from_messages("talk", [Source(0.0, "file", "lost", "talk.mp4 is damaged")])
    page = render_report(lost, Labels("en"))
    assert "could not be read completely: talk.mp4 is damaged" in page
    assert "Neither a face nor speech was found" in page
    assert "Neither a face nor speech was found" not in render_report(from_messages("talk", [Face(0.0)]), Labels("en"))


def test_a_group_s_faces_are_nobody_in_the_figures() -> None:
    assert report_figures(from_messages("lesson", lesson()))["people"] == 0


def test_the_timeline_reader_gives_one_zone_to_all_times(timeline: Path) -> None:
    start_s = datetime(2026, 5, 4, 12, 0).timestamp()
    subject = from_timeline(timeline, start_s, start_s + 60)
    assert subject.moment(subject.found.start_s) == datetime.fromtimestamp(start_s).astimezone()


def test_the_bar_of_levels_shows_the_five_minutes_in_which_a_jacket_hung_over_the_camera() -> None:
    subject = from_messages("bus-013", blind().messages)
    assert report_figures(subject)["level_s"] == pytest.approx({"none": 300.0, "unknown": 299.0})
    page = render_report(subject, Labels("en"))
    bar = page.partition('<div class="er-bar"')[2].partition("</div>")[0]
    assert [float(part.partition(";")[0]) for part in bar.split("flex-grow:")[1:]] == pytest.approx([300.0, 299.0])
    assert bar.count("--letter: &#34;?&#34;") == 1
    assert "unknown 4:59" in page
