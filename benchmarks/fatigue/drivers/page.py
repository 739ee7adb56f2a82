"""The page about the simulated drivers, in Markdown."""

from __future__ import annotations

from benchmarks.evidence import markdown_table
from benchmarks.fatigue.drivers.figures import Figures, verdicts
from benchmarks.fatigue.drivers.people import ASSUMED

_SHOWS_NOT = """## What this does not show

- How real drivers behave. Habits, their frequency and the course of drowsiness are assumed where the table below says
  so; a habit that nobody thought of is not in it (lids that sink far with the gaze while the head stays still are not).
- How well the eyes are read. The opening is simulated with the noise measured on five short clips of five people, in
  daylight; faces, glasses, skin and infra-red light never pass a model here.
- Alert drivers who yawn or squint with fully shut eyes for 1.5 s: such a closure is alerted on purpose.
- Anything about crashes or sleep as a sleep laboratory would measure it.
"""


def page(report: Figures) -> str:
    """The whole page."""
    parts = [
        "# Simulated drivers\n",
        f"{report['drivers']:,} drivers drawn from seed {report['seed']}, {report['hours']:.0f} h in all, watched "
        "frame by frame by the unmodified `FatigueMonitor` and `AlertEngine` with default settings. "
        "Made by `python -m benchmarks.fatigue --only drivers`. Intervals are 95 %.\n",
        "## Asked and measured\n",
        markdown_table(
            ("asked", "measured", "holds"),
            ((a, m, {True: "yes", False: "**no**", None: "too few hours to say"}[ok]) for a, m, ok in verdicts(report)),
        ),
        "## By lost frames, all frame rates\n",
        _groups("lost", report["by_loss"]),
        "On time is within 0.3 s of 1.5 s after the lids shut (true opening below 0.3); counted are microsleeps whose "
        "beginning no hand, sunglasses or tunnel hid. Lost frames come on top of those the habits cost. A burst lasts "
        "0.7 s on average; one that falls on the mark hides it, and nothing is alerted from frames without usable "
        "eyes.\n",
        "## By frame rate, all losses\n",
        _groups("frames/s", report["by_rate"]),
        "## On time, by frame rate and lost frames\n",
        _grid(report["by_rate_and_loss"]),
        "![Alert after the lids shut](drivers_delay.svg)\n",
        "## False warnings of alert drivers, by kind\n",
        markdown_table(("kind and level", "count"), sorted(report["false_kinds"].items()) or [("none", 0)]),
        f"Not counted are {report['looks_away']} distraction warnings that are right. The habits are drawn "
        "independently, and several looks followed each other by chance: in the 3 s before the warning the eyes were "
        "on the road for less than half a second.\n",
        "## Slow drift into sleep\n",
        _drift(report["drowsiness"]),
        "## Sensitivity\n",
        f"The first {report['sensitivity_drivers']:,} drivers (at 0 all of them), all losses; -1 and 1 are the bounds "
        "of the configuration for the lid thresholds, `microsleep_s` and PERCLOS together.\n",
        _sensitivity(report["sensitivity"]),
        "![What is found against false warnings](drivers_sensitivity.svg)\n",
        _SHOWS_NOT,
        "## Assumed\n",
        markdown_table(("what", "how"), ASSUMED.items()),
        "Measured or from the literature: open and shut lids, noise of lids, head and mouth (`benchmarks/"
        "fatigue/drivers/people.py` says where), blink duration 111 +- 51 ms alert and 151 ms at the sleepiest, lids "
        "following the gaze by 0.85 % a degree, share of short microsleeps, head sinking 12 to 20 degrees.\n",
    ]
    return "\n".join(parts)


def percent(triple: list[float | None]) -> str:
    """A share with its interval."""
    return "-" if triple[0] is None else f"{triple[0]:.1%} ({triple[1]:.1%} to {triple[2]:.1%})"


def _rate(triple: list[float] | None) -> str:
    return "-" if triple is None else f"{triple[0]:.2f} ({triple[1]:.2f} to {triple[2]:.2f})"


def _groups(name: str, groups: dict[str, Figures]) -> str:
    heads = (
        name, "usable frames", "microsleeps", "on time", "alerted at all", "after the mark, s: 5 / 50 / 95 %",
        "alert driving, h", "false warnings", "per 10 h", "advisories per 10 h",
    )  # fmt: skip
    return markdown_table(
        heads,
        (
            (
                key, g["usable"], g["microsleeps"], percent(g["on_time"]), percent(g["at_all"]),
                _spread(g["lag_s_05_50_95"]), g["alert_hours"], g["false_warnings"], _rate(g["false_per_10_h"]),
                g["advisories_per_10_h"],
            )
            for key, g in groups.items()
        ),
    )  # fmt: skip


def _spread(values: list[float | None]) -> str:
    return "-" if values[0] is None else " / ".join(f"{value:+.2f}" for value in values)


def _grid(grid: dict[str, dict[str, Figures]]) -> str:
    losses = list(next(iter(grid.values())))
    rows = ((rate, *(percent(cells[loss]["on_time"]) for loss in losses)) for rate, cells in grid.items())
    return markdown_table(("frames/s", *losses), rows)


def _drift(drift: Figures) -> str:
    delays = drift["delay_s_05_25_50_75_95"]
    said = " / ".join(f"{value:+.0f}" for value in delays) if delays else "-"
    rows = [(drift["drives"], drift["truly_drowsy"], percent(drift["warned"]), said)]
    text = "Truly drowsy: slow closures fill 15 % of a minute and 10 % of three. The delay counts from that moment to "
    text += "the drowsiness warning; what was warned before it is negative.\n"
    return markdown_table(("drives", "truly drowsy", "warned", "delay, s: 5 / 25 / 50 / 75 / 95 %"), rows) + "\n" + text


def _sensitivity(points: list[Figures]) -> str:
    heads = (
        "sensitivity", "closed below", "microsleep from, s", "PERCLOS warning", "microsleeps alerted",
        "median after, s", "drift warned", "alert driving, h", "false warnings per 10 h", "advisories per 10 h",
    )  # fmt: skip
    return markdown_table(
        heads,
        (
            (
                f"{p['sensitivity']:+g}", p["closed_below"], p["microsleep_s"], p["perclos_warning"],
                percent(p["at_all"]), p["after_s"], percent(p["drowsy_warned"]), p["alert_hours"],
                _rate(p["false_per_10_h"]), p["advisories_per_10_h"],
            )
            for p in points
        ),
    )  # fmt: skip
