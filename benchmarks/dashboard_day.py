"""How fast a day opens: `python -m benchmarks.dashboard_day [--json OUT]`.

It writes 24 h of a timeline as a box of purpose research does (fatigue, faces and attention at 1 Hz, a blink every 3 s,
an affect every 10 s, alerts), serves it as `emvas dashboard` does, and opens the day in a headless Chromium.
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

import click

sys.path.append(str(Path(__file__).parents[1] / "tests" / "helpers"))

from browser import Page, browser
from dashboards import served, write

from edge.affect.words import emotion, polarity
from edge.dashboard.feed import Feed
from edge.messages import Affect, Alert, Attention, Blink, Face, Fatigue, Level, Message

_DAY_S = 86_400
_ROUNDS = 5
_PATIENCE_S = 60.0
_DRAWN = (
    "document.querySelectorAll('.ev-chart svg path').length > 200 && document.querySelectorAll('tbody tr').length > 20"
)


@click.command(epilog="Example: python -m benchmarks.dashboard_day --json build/dashboard_day.json")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures there.")
def main(out: Path | None) -> None:
    """Measure the reading of a day, and the time from a click on 24 h to the drawn chart."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        now_s = time.time()
        path = write(Path(folder) / "timeline.db", list(_day()), now_s - _DAY_S)
        figures: dict[str, object] = {"size_mb": round(path.stat().st_size / 1e6, 1), "load": os.getloadavg()[0]}
        figures["read_s"], figures["read_cpu_s"] = _reading(path, now_s)
        with served("--timeline", str(path)) as url, browser(Path(folder)) as tab:
            figures["open_s"] = [_opening(tab, url) for _ in range(_ROUNDS)]
    click.echo(json.dumps(figures, indent=1))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _reading(path: Path, now_s: float) -> tuple[list[float], list[float]]:
    """Wall and processor time of reading the day for the chart, each round anew."""
    wall_s, cpu_s = [], []
    for _ in range(_ROUNDS):
        started_s, worked_s = time.perf_counter(), time.process_time()
        Feed(path).window(now_s - _DAY_S, now_s)
        wall_s.append(round(time.perf_counter() - started_s, 3))
        cpu_s.append(round(time.process_time() - worked_s, 3))
    return wall_s, cpu_s


def _opening(tab: Page, url: str) -> float:
    """Seconds from the click on 24 h until bands, lines and the table of alerts are drawn."""
    tab.open("about:blank")
    tab.open(f"{url}/en/timeline")
    tab.wait_for("24 h", "PERCLOS")
    started_s = time.perf_counter()
    tab.run("[...document.querySelectorAll('button')].find(b => b.innerText == '24 h').click()")
    while not tab.run(_DRAWN):
        if time.perf_counter() - started_s > _PATIENCE_S:
            raise click.ClickException(f"the day was not drawn within {_PATIENCE_S:.0f} s")
        time.sleep(0.02)
    return round(time.perf_counter() - started_s, 3)


def _day() -> Iterator[Message]:
    chance = random.Random(1)
    for second in range(_DAY_S):
        t_s = float(second)
        share = max(0.0, 0.08 + 0.08 * math.sin(t_s / 5000) + chance.gauss(0, 0.01))
        level = Level.WARNING if share > 0.15 else Level.ADVISORY if share > 0.12 else Level.NONE
        causes = ("perclos_warning",) if level is Level.WARNING else ()
        yield Face(t_s, 1, (200.0, 120.0, 180.0, 180.0), True, None, 0.9, 0.3, 0.04, 2.0, -4.0, 0.0, 1.0, 1.0)
        yield Fatigue(t_s, 1, level, share, share, 0.97, causes, {"baseline": 0.31})
        yield Attention(t_s, 1, Level.NONE)
        if second % 3 == 0:
            yield Blink(t_s, 1, t_s - 0.2, t_s, 200.0, 0.9, 5.0)
        if second % 10 == 9:
            score = max(-1.0, min(1.0, 0.3 * math.sin(t_s / 3000) + chance.gauss(0, 0.3)))
            said = {"text": None, "audio": score, "vision": score}
            yield Affect(t_s, t_s - 9, t_s, score, emotion(score).en, polarity(score).en, said, 0.8, 1, score)
        if second % 1800 == 700:
            yield Alert(t_s, f"a{second}", "new", "drowsiness", Level.WARNING, t_s - 3, 3.0, {"causes": causes})


if __name__ == "__main__":
    main()
