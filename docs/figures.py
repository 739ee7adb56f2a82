"""The table of figures in README.md, made from the files that benchmarks write; `python -m docs.reference` writes it.

The table holds no figure that is not in those files. A row about few minutes also gives the upper bound.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_EVIDENCE = ROOT / "docs" / "evidence"
BEGIN, END = "<!-- figures: written by python -m docs.reference -->", "<!-- /figures -->"
_ENOUGH = 100
"""A 95th percentile needs at least as many values."""
Row = tuple[str, str, str]
"""Question, figure, and source."""


def readme(text: str) -> str:
    """`text` with the table between its marks as the files have it."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}{END}{after}"


def table() -> str:
    """The table as Markdown."""
    rows = [*_people(), *_drivers(), *_speed(), *_words(), *_delivery(), *_minutes()]
    lines = ["| question | result | source |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _people() -> list[Row]:
    seen = _read(_EVIDENCE / "people.json")["views"]["as filmed"]
    by = "[real people](docs/evidence/people.md)"
    warnings, shut, opened = (
        seen[name] for name in ("false_warnings_per_h", "stretched_found", "open_held_for_closed")
    )
    false = round(warnings["value"] * warnings["of"])
    watched = f"{60 * seen['face_h']:.1f} minutes of {seen['people']} people"
    return [
        ("false warnings, real people", f"{false} in {watched}: up to {warnings['high']:.0f} an hour possible", by),
        ("closures of 3 s, real people", f"{round(shut['value'] * shut['of'])} of {shut['of']:.0f} reported", by),
        (
            "open eyes taken for closed, real people",
            f"{opened['value']:.1%} of the time, up to {opened['high']:.1%}",
            by,
        ),
    ]


def _drivers() -> list[Row]:
    drive = _read(_EVIDENCE / "drivers.json")
    every, by = drive["all"], "[simulated drivers](docs/evidence/drivers.md)"
    least, most = every["false_per_10_h"][1:]
    on_time, false = f"{every['on_time'][0]:.1%}", every["false_warnings"]
    awake = f"{every['alert_hours']:.0f} hours awake"
    return [
        (f"microsleeps reported in time, simulated, eyes seen {every['usable']:.0%} of the time", on_time, by),
        ("false warnings, simulated", f"{false} in {awake}: {least:.2f} to {most:.2f} in ten hours", by),
    ]


def _speed() -> list[Row]:
    rows: list[Row] = []
    by = "[performance](docs/performance.md)"
    for report in _read(ROOT / "docs" / "performance.json")["reports"]:
        answers = {name: answer.get("figures") for name, answer in report["answers"].items()}
        machine = f"{report['machine']['cpu'].replace('(R)', '')}, one core"
        if frame := answers.get("frame_path"):
            cab = next(cost for cost in frame["cab_1.avi"]["costs"] if cost["stage"] == "frame")
            cost = f"{cab['cpu_ms_median']:.1f} ms of CPU, 95th percentile {cab['cpu_ms_p95']:.1f}"
            rows.append((f"one frame of a driver ({machine})", cost, by))
        if mesh := answers.get("face_mesh"):
            ratios = ", ".join(f"{clip['ratio']:.2f}" for clip in mesh["clips"])
            rows.append((f"our CPU time over MediaPipe's, three clips ({machine})", ratios, by))
        if box := answers.get("whole_box"):
            (file,) = box["files"]
            found = f"ready in {file['start_s']:.1f} s, {file['speed']:.1f} x real time, {file['peak_mb']:.0f} MB"
            rows.append((f"a whole recording of a driver ({machine})", found, by))
        if (alert := answers.get("alert_latency")) and alert["alerts"] >= _ENOUGH:
            tail = f"95th percentile {alert['p95_ms']:.0f} ms, worst {alert['worst_ms']:.0f} ms of {alert['alerts']}"
            found = f"{alert['median_ms']:.0f} ms, {tail}"
            rows.append((f"from the 1.5 s mark to a subscriber, with speech recognition ({machine})", found, by))
    return rows


def _words() -> list[Row]:
    figures = _read(_EVIDENCE / "asr_aishell.json")
    by = "[Mandarin speech](docs/evidence/asr_aishell.md)"
    ours, theirs = figures["systems"]
    found = (
        f"CER {ours['cer']:.3f} at {ours['cpu_per_sound_s']:.2f} CPU s a second; "
        f"faster-whisper {theirs['cer']:.3f} at {theirs['cpu_per_sound_s']:.2f}"
    )
    invented = f"{len(figures['false_words'])} of {figures['sounds_without_words']}"
    return [
        (f"Mandarin speech, {figures['utterances']} utterances of AISHELL-1", found, by),
        ("recordings without speech that got a transcript", invented, by),
    ]


def _delivery() -> list[Row]:
    kills, attacks = _read(_EVIDENCE / "kills.json"), _read(_EVIDENCE / "attacks.json")
    parts = [part for part in kills.values() if isinstance(part, dict) and "raised" in part]
    killed, raised = sum(part["kills"] for part in parts), sum(part["raised"] for part in parts)
    faults = [fault for part in parts for fault in part["faults"]]
    lost = [fault for fault in faults if "never arrived" in fault]
    found = "; ".join([*(lost or ["0"]), *(fault for fault in faults if fault not in lost)])
    held = sum(row["held"] for row in attacks["rows"])
    return [
        (f"alerts lost, of {raised:,} over {killed} kills", found, "[kills](docs/evidence/kills.md)"),
        ("attacks that the box withstood", f"{held} of {len(attacks['rows'])}", "[attacks](docs/evidence/attacks.md)"),
    ]


def _minutes() -> list[Row]:
    figures = _read(_EVIDENCE / "first_minutes.json")
    by = "[first minutes](docs/evidence/first_minutes.md)"
    load = figures["machine"]["load_1_min"]
    return [
        (
            f"from a clean machine to the demo's alert, `{way['how']}`, Python {way['python']}",
            f"{way['alert_s']:.0f} s at load {load}, {way['cpu_s']:.0f} s of CPU; {way['disk_mb']} MB on disk",
            by,
        )
        for way in figures["ways"]
    ]
