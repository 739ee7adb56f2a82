"""The page of many recordings: a row each with its curve, to filter and to sort, that leads to what was said when."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from edge.dashboard.charts.style import EMOTION_COLOURS, UNKNOWN_COLOUR, badge
from edge.dashboard.report import STYLE, percent
from edge.dashboard.report.overview import RecordingEntry
from edge.i18n.labels import Labels

_WIDTH, _HEIGHT = 160.0, 40.0
"""Of a curve, in the units of its drawing."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A small curve as SVG: the points of its line, and the place of its lowest."""

    points: str
    lowest: tuple[float, float] | None


def render_index(entries: Sequence[RecordingEntry], labels: Labels) -> str:
    """One HTML file that needs nothing but the reports beside it; the most negative recording stands first."""
    environment = Environment(
        loader=PackageLoader("edge.dashboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    longest_s = max((entry.length_s for entry in entries), default=0.0)
    ranked = sorted(entries, key=lambda entry: entry.lowest.score if entry.lowest else 2.0)
    style = STYLE.read_text(encoding="utf-8") + STYLE.with_name("index.css").read_text(encoding="utf-8")
    return environment.get_template("index.html.j2").render(
        t=labels,
        rows=[(entry, curve(entry, longest_s)) for entry in ranked],
        length_s=sum(entry.length_s for entry in entries),
        alerts=sum(entry.alerts for entry in entries),
        judged=sum(bool(entry.judged_s) for entry in entries),
        colour=lambda word: EMOTION_COLOURS.get(word, UNKNOWN_COLOUR),
        badge=lambda level: badge(level, labels),
        percent=percent,
        size=(_WIDTH, _HEIGHT),
        style=style,
        version=importlib.metadata.version("emvas-edge"),
    )


def curve(entry: RecordingEntry, longest_s: float) -> Curve:
    """The scores of a recording on one axis of time for all, from -1 at the bottom to 1 at the top."""
    places = [(round(_WIDTH * t_s / longest_s, 1), round(_HEIGHT * (1 - score) / 2, 1)) for t_s, score in entry.curve]
    lowest = max(places, key=lambda place: place[1], default=None)
    return Curve(" ".join(f"{x},{y}" for x, y in places), lowest)
