"""How fast 63 days of a timeline are opened: `python -m benchmarks.speed.dashboard_months [--json OUT]`.

The timeline is that of a bus with purpose driver-safety that drives ten hours a day: fatigue, attention and a face at
1 Hz, a blink every 4 s, a summary every five minutes, an alert every half hour. The first day is written as the box
writes it; the others are its copies, each a run of its own. The live page and the timeline page are opened in a
headless Chromium, cold: the dashboard has just started and the browser has no cache. Then `emvas report` reports the
last week, in a process of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import click

sys.path.append(str(Path(__file__).parents[2] / "tests" / "helpers"))

from browser import browser
from dashboards import EMVAS, served, write

from benchmarks.evidence import write_json
from benchmarks.speed.dashboard_day import until
from edge.messages import Alert, Attention, Blink, Face, Fatigue, Level, Message, Summary

_DAY_S = 86_400
_SHIFT_S = 10 * 3600
_ALERT_EVERY_S, _ALERT_AT_S, _ALERT_S = 1800, 1700, 60
_SUMMARY_S = 300
_KB = 1024
PAGES = {
    "live": ("", "!!document.querySelector('.ev-level')?.innerText"),
    "timeline": (
        "/timeline",
        "!!document.querySelector('.ev-timeline svg') && document.querySelectorAll('.ev-trips tbody tr').length > 9"
        " && !!document.querySelector('.ev-alerts')?.innerText",
    ),
}
"""Of each page its path and when it is drawn."""


@click.command(epilog="Example: python -m benchmarks.speed.dashboard_months --json build/dashboard_months.json")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures there.")
@click.option("--days", default=63, show_default=True, help="Days of the timeline; the last one ends now.")
@click.option("--rounds", default=3, show_default=True, help="Openings of each page, each with a new dashboard.")
def main(out: Path | None, days: int, rounds: int) -> None:
    """Measure the opening of both pages, and time and memory of the report about a week."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, path = Path(name), Path(name) / "timeline.db"
        make_timeline(path, days)
        figures: dict[str, Any] = {
            "days": days,
            "size_mb": round(path.stat().st_size / 1e6),
            "load": round(os.getloadavg()[0], 1),
            "pages": [_told(page, _openings(folder, path, page, rounds)) for page in PAGES],
            "week": _week(path, folder / "week.html"),
        }
    click.echo(json.dumps(figures, indent=1))
    if out is not None:
        write_json(out, figures)


def make_timeline(path: Path, days: int) -> None:
    """Write `days` shifts, one a day; the last one ends now."""
    first_s = time.time() - _SHIFT_S - (days - 1) * _DAY_S
    write(path, list(_shift()), first_s)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for day in range(1, days):
            connection.execute(
                "INSERT INTO session (name, boot, mono_s, wall_s, clock) "
                "SELECT name || ?, boot, mono_s, wall_s + ?, clock FROM session WHERE id = 1",
                (f"-{day}", day * _DAY_S),
            )
            connection.execute(
                "INSERT INTO record (session, kind, t_s, record) "
                "SELECT ?, kind, t_s, record FROM record WHERE session = 1 ORDER BY id",
                (day + 1,),
            )


def _told(page: str, openings_s: list[float]) -> dict[str, Any]:
    return {
        "page": page,
        "openings": len(openings_s),
        "median_s": round(median(openings_s), 2),
        "worst_s": round(max(openings_s), 2),
    }


def _openings(folder: Path, path: Path, page: str, rounds: int) -> list[float]:
    """Seconds from the address to the drawn page."""
    place, drawn = PAGES[page]
    taken_s = []
    for number in range(rounds):
        profile = folder / f"{page}-{number}"
        profile.mkdir()
        with served("--timeline", str(path)) as url, browser(profile) as tab:
            asked_s = time.perf_counter()
            tab.open(f"{url}/en{place}")
            until(tab, drawn)
            taken_s.append(time.perf_counter() - asked_s)
    return taken_s


def _week(path: Path, page: Path) -> dict[str, Any]:
    """Wall and processor time, and peak memory, of the report about the last seven days."""
    since = time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() - 7 * _DAY_S))
    command = [*EMVAS, "report", str(path), "--from", since, "--html", "--out", str(page)]
    started_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started_s
    if status:
        raise click.ClickException(f"emvas report ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "wall_s": round(wall_s, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss * _KB / 1e6),
        "page_mb": round(page.stat().st_size / 1e6, 1),
    }


def _shift() -> Iterator[Message]:
    looks = {"mouth": 0.04, "yaw_deg": 2.0, "pitch_deg": -4.0, "roll_deg": 0.0, "gaze_yaw_deg": 1.0}
    for second in range(_SHIFT_S):
        t_s, age_s = float(second), second % _ALERT_EVERY_S - _ALERT_AT_S
        tired = 0 <= age_s <= _ALERT_S
        level, causes = (Level.WARNING, ("perclos_warning",)) if tired else (Level.NONE, ())
        share = 0.16 if tired else 0.03 + 0.02 * (second % 97) / 97
        yield Face(t_s, 1, (200.0, 120.0, 180.0, 180.0), True, None, 0.9, 0.3, gaze_pitch_deg=1.0, **looks)
        yield Fatigue(t_s, 1, level, share, share, 0.97, causes, {"baseline": 0.31}, judged_s=1.0)
        yield Attention(t_s, 1, Level.NONE)
        if second % 4 == 0:
            yield Blink(t_s, 1, t_s - 0.2, t_s, 200.0, 0.9, 5.0)
        if second % _SUMMARY_S == 0 and second:
            yield Summary(t_s, t_s - _SUMMARY_S, t_s, {}, None, 0.05, {}, 0.97)
        if age_s in (0, _ALERT_S):
            began_s = t_s - age_s
            type_ = "end" if age_s else "new"
            evidence = {"causes": causes, "perclos_60": 0.16}
            yield Alert(t_s, f"a{began_s:.0f}", type_, "drowsiness", Level.WARNING, began_s, float(age_s), evidence)


if __name__ == "__main__":
    main()
