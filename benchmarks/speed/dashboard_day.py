"""How fast the dashboard opens a day: `python -m benchmarks.speed.dashboard_day [--json OUT]`.

It writes 24 h of a timeline as a talkative box of purpose research does (fatigue, faces and attention at 1 Hz, a blink
every 3 s, an utterance with words and affect every 15 s, yawns, closures, an alert every half hour from new to end),
serves it as `emvas dashboard` does, and opens it in a headless Chromium: cold, with a dashboard that has just started
and a browser that knows nothing, and warm, again in both.
"""

from __future__ import annotations

import json
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import click

sys.path.append(str(Path(__file__).parents[2] / "tests" / "helpers"))

from browser import Page, browser
from dashboards import served, write

from benchmarks.evidence import write_json
from edge.affect.fusion import emotion, polarity
from edge.dashboard.data.queries import TimelineQueries
from edge.messages import (
    Affect,
    Alert,
    Attention,
    Blink,
    Closure,
    Face,
    Fatigue,
    Level,
    Message,
    Speech,
    Transcript,
    Yawn,
)

_DAY_S = 86_400
_WARM_ROUNDS = 4
_PATIENCE_S = 120.0
_ALERT_EVERY_S = 1800
_WORDS = "we are a little late today, the next stop is the central station"
_DRAWN = (
    "document.querySelectorAll('.ev-chart svg path').length > 200 && document.querySelectorAll('tbody tr').length > 20"
)
_CHOOSE = "[...document.querySelectorAll('button')].find(b => b.innerText == '24 h')"


@click.command(epilog="Example: python -m benchmarks.speed.dashboard_day --json build/dashboard_day.json")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures there.")
@click.option("--rounds", default=3, show_default=True, help="Cold openings; each is followed by warm ones.")
def main(out: Path | None, rounds: int) -> None:
    """Measure the reading of a day, and the time from opening the page until the day is drawn."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, now_s = Path(name), time.time()
        path = write(folder / "timeline.db", list(_day()), now_s - _DAY_S)
        figures: dict[str, Any] = {"size_mb": round(path.stat().st_size / 1e6, 1), "load": round(os.getloadavg()[0], 1)}
        figures["read_s"], figures["read_cpu_s"] = _reading(path, now_s)
        cold, warm = [], []
        for number in range(rounds):
            profile = folder / f"browser-{number}"
            profile.mkdir()
            with served("--timeline", str(path)) as url, browser(profile) as tab:
                cold.append(_opening(tab, url))
                warm += [_opening(tab, url) for _ in range(_WARM_ROUNDS)]
        figures["openings"] = [_told("cold", cold), _told("warm", warm)]
    click.echo(json.dumps(figures, indent=1))
    if out is not None:
        write_json(out, figures)


def _told(how: str, openings: list[tuple[float, float]]) -> dict[str, Any]:
    """Median and worst; `page` until the page stands with its last ten minutes, `day` from the choice of 24 h on."""
    page_s, day_s = zip(*openings, strict=True)
    return {
        "how": how,
        "openings": len(openings),
        "page_median_s": round(median(page_s), 2),
        "page_worst_s": round(max(page_s), 2),
        "day_median_s": round(median(day_s), 2),
        "day_worst_s": round(max(day_s), 2),
    }


def _reading(path: Path, now_s: float) -> tuple[list[float], list[float]]:
    """Wall and processor time of reading the day for the chart, first and again."""
    wall_s, cpu_s, feed = [], [], TimelineQueries(path)
    for _ in range(2):
        started_s, worked_s = time.perf_counter(), time.process_time()
        feed.window(now_s - _DAY_S, now_s)
        wall_s.append(round(time.perf_counter() - started_s, 3))
        cpu_s.append(round(time.process_time() - worked_s, 3))
    return wall_s, cpu_s


def _opening(tab: Page, url: str) -> tuple[float, float]:
    """Seconds until the page stands, and from the choice of 24 h until bands, lines and alerts are drawn."""
    tab.open("about:blank")
    asked_s = time.perf_counter()
    tab.open(f"{url}/en/timeline")
    until(tab, f"{_CHOOSE} && document.querySelector('.ev-chart svg') && 1")
    chosen_s = time.perf_counter()
    tab.run(f"{_CHOOSE}.click()")
    until(tab, _DRAWN)
    return chosen_s - asked_s, time.perf_counter() - chosen_s


def until(tab: Page, condition: str) -> None:
    """Wait until a JavaScript expression is true."""
    until_s = time.perf_counter() + _PATIENCE_S
    while not tab.run(condition):
        if time.perf_counter() > until_s:
            raise click.ClickException(f"the page was not drawn within {_PATIENCE_S:.0f} s")
        time.sleep(0.02)


def _day() -> Iterator[Message]:
    chance = random.Random(1)
    for second in range(_DAY_S):
        t_s = float(second)
        share = max(0.0, 0.08 + 0.08 * math.sin(t_s / 5000) + chance.gauss(0, 0.01))
        level = Level.WARNING if share > 0.15 else Level.ADVISORY if share > 0.12 else Level.NONE
        causes = ("perclos_warning",) if level is Level.WARNING else ()
        looks = {"mouth": 0.04, "yaw_deg": 2.0, "pitch_deg": -4.0, "roll_deg": 0.0, "gaze_yaw_deg": 1.0}
        yield Face(t_s, 1, (200.0, 120.0, 180.0, 180.0), True, None, 0.9, 0.3, gaze_pitch_deg=1.0, **looks)
        yield Fatigue(t_s, 1, level, share, share, 0.97, causes, {"baseline": 0.31})
        yield Attention(t_s, 1, Level.NONE)
        if second % 3 == 0:
            yield Blink(t_s, 1, t_s - 0.2, t_s, 200.0, 0.9, 5.0)
            yield Closure(t_s, 1, t_s - 0.2, t_s, "blink")
        if second % 15 == 9:
            yield from _utterance(t_s, chance)
        if second % 600 == 300:
            yield Yawn(t_s, 1, t_s - 4.0, t_s)
        yield from _alert(second, causes)


def _utterance(t_s: float, chance: random.Random) -> Iterator[Message]:
    start_s, score = t_s - 4.0, max(-1.0, min(1.0, 0.3 * math.sin(t_s / 3000) + chance.gauss(0, 0.3)))
    said = {"text": score, "audio": score, "vision": score}
    yield Speech(t_s, start_s, t_s)
    yield Transcript(t_s, start_s, t_s, _WORDS, "en", 0.9)
    yield Affect(t_s, start_s, t_s, score, emotion(score).en, polarity(score).en, said, 0.8, 1, score)


def _alert(second: int, causes: tuple[str, ...]) -> Iterator[Message]:
    """One every half hour, from new over updates to its end a minute later."""
    start, age = divmod(second - 700, _ALERT_EVERY_S)
    if start >= 0 and age in (0, 20, 40, 60):
        began_s = float(start * _ALERT_EVERY_S + 697)
        type_ = {0: "new", 60: "end"}.get(age, "update")
        length_s, evidence = second - began_s, {"causes": causes, "perclos_60": 0.16}
        yield Alert(float(second), f"a{start}", type_, "drowsiness", Level.WARNING, began_s, length_s, evidence)


if __name__ == "__main__":
    main()
