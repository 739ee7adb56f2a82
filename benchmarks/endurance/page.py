"""The page about a long run, and its plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.evidence import markdown_table

_MB = 1e6


def page(report: dict[str, Any]) -> str:
    """Markdown of `soak.json`."""
    verdict = report["verdict"]
    window_min = verdict["window_s"] / 60
    rows = [
        (
            "memory, MB: its floor",
            *(f"{value / _MB:.1f}" for value in verdict["rss_bytes"]),
            f"{verdict['growth']:+.2%}",
        ),
        ("threads", *(f"{value:g}" for value in verdict["threads"]), ""),
        ("descriptors", *(f"{value:g}" for value in verdict["descriptors"]), ""),
    ]
    heads = ("", f"first {window_min:g} min after the warm-up", f"last {window_min:g} min", "growth")
    held = "It holds." if not report["faults"] else "**It does not hold:** " + "; ".join(report["faults"]) + "."
    left_out = [f"- {name}: left out, {why}" for name, why in report["left_out"].items()]
    return "\n".join(
        [
            "# Hours of work and trouble\n",
            f"`emvas run` as a process of its own with the real models, {report['hours']:.2f} h, a network camera with "
            f"sound at {report['fps']:g} pictures a second ({report['clip']}, over and over), words recognized, a real "
            f"Mosquitto. Every {report['fault_every_s']:g} s something goes wrong. Made by `make soak` on "
            f"{report['machine']['cpu']}, Python {report['machine']['python']}.\n",
            f"{held} Asked: after {report['warm_up_s'] / 60:g} min memory grows by less than 2 %, threads and "
            "descriptors do not.\n",
            markdown_table(heads, rows),
            "![Memory, threads, descriptors and queues](soak.svg)\n",
            "## What went wrong, on purpose\n",
            markdown_table(("fault", "times"), report["injected"].items()),
            *left_out,
            "\n## What the box did meanwhile\n",
            markdown_table(("", ""), _work(report)),
            "Memory is the tenth percentile of a window's samples: it is higher while words are recognized: a median "
            "would tell how much was said; what leaks lifts the floor as well. Threads and descriptors are medians, "
            "because connections that are being made hold one or two for a moment.\n",
            "## What this does not show\n",
            "One recording over and over is no drive: it has the same face and the same sentences each time. The "
            "memory of a graphics card is not in it. Hours are not months.\n",
        ]
    )


def _work(report: dict[str, Any]) -> list[tuple[str, Any]]:
    readings = report["readings"]
    return [
        ("pictures", readings.get("frames")),
        ("of them dropped for a newer one", readings.get("frames_dropped")),
        ("sound, s", readings.get("sound_s")),
        ("utterances", readings.get("utterances")),
        ("not transcribed", readings.get("utterances_dropped")),
        ("sources and stages lost, times", readings.get("losses")),
        ("CPU, share of one core", f"{report['cpu_share']:.2f}"),
        *((f"`{name}` heard by a subscriber", count) for name, count in report["heard"].items()),
        ("stopped within, s", f"{report['stopped_s']:.1f}"),
    ]


def plot(report: dict[str, Any], out: Path) -> None:
    """Memory, threads and descriptors, and queues over the hours; a mark for each fault."""
    samples = report["samples"]
    hours = [sample["t_s"] / 3600 for sample in samples]
    figure = Figure(figsize=(8, 6), layout="constrained")
    memory, counts, queues = figure.subplots(3, 1, sharex=True)
    memory.plot(hours, [sample["rss_bytes"] / _MB for sample in samples])
    memory.set(ylabel="memory, MB", ylim=(0, None))
    for name in ("threads", "descriptors"):
        counts.plot(hours, [sample[name] for sample in samples], label=name)
    counts.set(ylabel="number", ylim=(0, None))
    for name in sorted({name for sample in samples for name in sample["waiting"]}):
        queues.plot(hours, [sample["waiting"].get(name) for sample in samples], label=name)
    queues.set(ylabel="waiting", xlabel="h")
    for axes in (counts, queues):
        axes.legend(frameon=False, loc="upper right")
    for axes in (memory, counts, queues):
        _marks(axes, report)
    figure.savefig(out, format="svg", metadata={"Date": None})


def _marks(axes: Axes, report: dict[str, Any]) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.axvline(report["warm_up_s"] / 3600, color="0.6", linestyle="--", linewidth=1)
    for t_s, _ in report["begun"]:
        axes.axvline(t_s / 3600, ymax=0.04, color="C3", linewidth=1)
