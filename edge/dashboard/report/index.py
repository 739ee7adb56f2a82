"""The index page of many recordings: one row each with its affect curve, with filter and sorting."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from edge.dashboard.charts.style import EMOTION_COLOURS, UNKNOWN_COLOUR, badge
from edge.dashboard.report import STYLE
from edge.dashboard.report.json_data import emotion_counts, spread
from edge.dashboard.report.report_data import ReportData
from edge.dashboard.report.utterances import UtteranceLine
from edge.i18n.texts import Labels, position, signed
from edge.messages import Affect, Level

_WIDTH, _HEIGHT = 160.0, 40.0
"""Size of a curve in SVG units."""


@dataclass(frozen=True, slots=True)
class MarkedMoment:
    """An utterance or window that stands out."""

    start_s: float
    score: float
    emotion: str
    spoken: bool
    words: str | None


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """One recording; None is unknown."""

    name: str
    page: str
    """Its report, relative to the index."""
    length_s: float
    people: int | None
    """None without face observations."""
    usable_ratio: float | None
    """Share of the time in which eyes could be judged."""
    judged_s: float
    """Time with a judged affect."""
    utterances: int
    emotions: Mapping[str, float]
    """Shares of the judged time."""
    counts: Mapping[str, int]
    """Number of utterances and windows of each emotion."""
    mean: float | None
    spread: float | None
    """Standard deviation of the score over the judged time."""
    lowest: MarkedMoment | None
    highest: MarkedMoment | None
    alerts: int
    gravest: Level | None
    """Gravest level of the alerts."""
    curve: tuple[tuple[float, float], ...]
    """Middle (s) and score of each judgement."""
    faults: tuple[str, ...] = ()


def recording_entry(data: ReportData, page: str, faults: Sequence[str] = ()) -> RecordingEntry:
    """The row of one recording."""
    found = data.found
    judged = [(line, line.affect) for line in data.lines if line.affect]
    affects = [affect for _, affect in judged]
    moments = [_moment(line, affect) for line, affect in judged]
    return RecordingEntry(
        name=data.name,
        page=page,
        length_s=found.end_s - found.start_s,
        people=found.people if found.faces else None,
        usable_ratio=found.usable_ratio,
        judged_s=sum(affect.end_s - affect.start_s for affect in affects),
        utterances=found.utterances,
        emotions=found.emotions,
        counts=emotion_counts(affects),
        mean=found.score_mean,
        spread=spread(affects),
        lowest=min(moments, key=lambda moment: moment.score, default=None),
        highest=max(moments, key=lambda moment: moment.score, default=None),
        alerts=len(found.incidents),
        gravest=max((incident.level for incident in found.incidents), default=None),
        curve=tuple(((affect.start_s + affect.end_s) / 2, affect.score) for affect in affects),
        faults=tuple(faults),
    )


def _moment(line: UtteranceLine, affect: Affect) -> MarkedMoment:
    words = line.words.text if line.words and line.words.text else None
    return MarkedMoment(line.start_s, affect.score, affect.emotion, line.spoken, words)


@dataclass(frozen=True, slots=True)
class Curve:
    """A small SVG curve: the points of its line, and its lowest point."""

    points: str
    lowest: tuple[float, float] | None


def render_index(entries: Sequence[RecordingEntry], labels: Labels) -> str:
    """One self-contained HTML file with links to the reports; the most negative recording comes first."""
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
        position=position,
        signed=signed,
        size=(_WIDTH, _HEIGHT),
        style=style,
        version=importlib.metadata.version("emvas-edge"),
    )


def curve(entry: RecordingEntry, longest_s: float) -> Curve:
    """The scores from -1 at the bottom to 1 at the top; all recordings share one time axis."""
    places = [(round(_WIDTH * t_s / longest_s, 1), round(_HEIGHT * (1 - score) / 2, 1)) for t_s, score in entry.curve]
    lowest = max(places, key=lambda place: place[1], default=None)
    return Curve(" ".join(f"{x},{y}" for x, y in places), lowest)
