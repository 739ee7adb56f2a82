"""Two plots: the delay of microsleep alerts, and found microsleeps against false warnings by sensitivity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.fatigue.drivers.drives import LOSSES
from benchmarks.fatigue.drivers.figures import Figures
from benchmarks.fatigue.drivers.scoring import Outcome


def delays(outcomes: list[Outcome], out: Path) -> None:
    """Share of microsleeps alerted by time since the lids shut, one line a loss."""
    figure, axes = _paper()
    seconds = np.linspace(1.0, 4.0, 151)
    for loss in dict.fromkeys(loss.name for loss in LOSSES):
        sleeps = [s for o in outcomes if o.loss == loss for s in o.microsleeps if not s.hidden]
        after = np.sort([s.told_after_s for s in sleeps if s.told_after_s is not None])
        if sleeps:
            axes.plot(seconds, 100 * np.searchsorted(after, seconds, "right") / len(sleeps), label=f"{loss} lost")
    axes.axvspan(1.2, 1.8, color="0.92", zorder=0)
    axes.set(xlabel="s after the lids shut", ylabel="microsleeps alerted, %", ylim=(0, 101), xlim=(1, 4))
    axes.legend(frameon=False, loc="lower right")
    _save(figure, out)


def sensitivity(points: list[Figures], out: Path) -> None:
    """Microsleeps alerted against false warnings in ten hours, with its interval."""
    figure, axes = _paper()
    drawn = [p for p in points if p["false_per_10_h"] is not None and p["at_all"][0] is not None]
    for p in drawn:
        rate, low, high = p["false_per_10_h"]
        axes.errorbar(rate, 100 * p["at_all"][0], xerr=[[rate - low], [high - rate]], fmt="o", color="C0", capsize=3)
        axes.annotate(f"{p['sensitivity']:+g}", (rate, 100 * p["at_all"][0]), (4, 5), textcoords="offset points")
    axes.axvline(1.0, color="0.7", linewidth=1)
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set(xlabel="false warnings or higher in 10 h of alert driving", ylabel="microsleeps alerted, %")
    axes.set_xlim(left=0)
    _save(figure, out)


def _paper() -> tuple[Figure, object]:
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, out: Path) -> None:
    part = out.with_suffix(".part")
    figure.savefig(part, format="svg", metadata={"Date": None})
    part.replace(out)
