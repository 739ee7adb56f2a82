"""The clock of the box over its changes, and what a report says of a night with one."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from dashboards import write

from edge.dashboard.data.calendar import offsets, zone_text
from edge.dashboard.report.html import render_report
from edge.dashboard.report.json_data import report_figures
from edge.dashboard.report.report_data import from_timeline
from edge.dashboard.report.tables import csv_text
from edge.i18n.texts import Labels
from edge.messages import Alert, Fatigue, Level, Message

SetZone = Callable[[str], None]


def utc(*parts: int) -> float:
    return datetime(*parts, tzinfo=timezone.utc).timestamp()  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("zone", "start_s", "change_s", "shown"),
    [
        ("Europe/Berlin", utc(2026, 3, 28, 18), utc(2026, 3, 29, 1), ["+01:00", "+02:00"]),
        ("Europe/Berlin", utc(2026, 10, 24, 18), utc(2026, 10, 25, 1), ["+02:00", "+01:00"]),
        ("Australia/Lord_Howe", utc(2026, 4, 4, 3), utc(2026, 4, 4, 15), ["+11:00", "+10:30"]),
        ("Asia/Kolkata", utc(2026, 3, 28, 18), None, ["+05:30"]),
        ("America/St_Johns", utc(2026, 6, 1), None, ["-02:30"]),
        ("UTC", utc(2026, 3, 28, 18), None, ["+00:00"]),
    ],
)
def test_each_change_of_the_clock_is_found_to_the_second(
    box_zone: SetZone, zone: str, start_s: float, change_s: float | None, shown: list[str]
) -> None:
    box_zone(zone)
    found = offsets(start_s, start_s + 86_400)
    assert [offset.hours for offset in found] == shown
    assert [offset.start_s for offset in found] == [start_s, *([] if change_s is None else [change_s])]
    assert zone in zone_text(start_s, start_s + 86_400)


def night(start_s: float) -> list[Message]:
    """16 hours; a report a minute, an alert every half hour that carries the true time."""
    told: list[Message] = []
    for second in range(0, 16 * 3600, 60):
        told.append(Fatigue(float(second), 1, Level.NONE, 0.05, 0.05, 0.95))
        if second % 1800 == 0:
            right = datetime.fromtimestamp(start_s + second, timezone.utc).isoformat()
            told.append(Alert(float(second), f"{second}", "new", "drowsiness", Level.WARNING, float(second), 0.0,
                              {"causes": ["yawns"], "utc": right}))  # fmt: skip
    return told


@pytest.mark.parametrize("start_s", [utc(2026, 3, 28, 18), utc(2026, 10, 24, 18)])
def test_a_night_over_a_change_of_the_clock_tells_every_time_right(
    box_zone: SetZone, tmp_path: Path, start_s: float
) -> None:
    box_zone("Europe/Berlin")
    path = write(tmp_path / "t.db", night(start_s), start_s)
    subject = from_timeline(path, start_s, start_s + 16 * 3600)
    for alert in report_figures(subject)["alerts"]:
        assert datetime.fromisoformat(alert["time"]) == datetime.fromisoformat(alert["evidence"]["utc"])
    rows = [row for row in csv.DictReader(io.StringIO(csv_text(subject))) if row["event"] == "alert"]
    assert len(rows) == 32
    assert len({row["time"] for row in rows}) == 32, "half past two of summer and of winter time are two times"
    page = render_report(subject, Labels("en"))
    assert "Europe/Berlin, CE" in page
    assert "CEST UTC+02:00" in page
    assert "CET UTC+01:00" in page
    options = json.loads(page.partition('id="options">')[2].partition("</script>")[0])
    assert {"3600000", "7200000"} <= set(re.findall(r"\d+", options["timeline"]["xAxis"][0]["axisLabel"][":formatter"]))
    for alert in report_figures(subject)["alerts"]:
        moment = datetime.fromisoformat(alert["evidence"]["utc"]).astimezone()
        assert f"{moment:%H:%M:%S %Z}" in page
