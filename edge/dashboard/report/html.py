"""A report as one self-contained HTML page, with ECharts inside."""

from __future__ import annotations

import base64
import importlib.metadata
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from edge.affect.fusion import emotion
from edge.dashboard.charts import eyes_and_affect
from edge.dashboard.charts.style import EMOTION_COLOURS, POLARITY_COLOURS, UNKNOWN_COLOUR, badge
from edge.dashboard.charts.timeline import timeline_chart, timeline_height_px
from edge.dashboard.data.calendar import offsets, zone_text
from edge.dashboard.data.events import MODALITIES
from edge.dashboard.event_text import evidence_text
from edge.dashboard.report import STYLE
from edge.dashboard.report.json_data import group_figures, level_lengths, modality_counts, remarks
from edge.dashboard.report.report_data import DAY_S, ReportData
from edge.dashboard.report.utterances import UtteranceLine, key_moments
from edge.error import EmvasError
from edge.i18n.texts import Labels, position, signed
from edge.messages import Level

MODULE = "nicegui-echart"
"""The name under which a page imports it: `import { echarts } from "nicegui-echart"`."""
_DIST = Path(str(importlib.metadata.distribution("nicegui").locate_file("nicegui/elements/echart/dist")))
"""Found without importing NiceGUI, which takes longer than drawing a page."""
_STATIC_IMPORT = re.compile(r"""\bfrom\s*["']\./([\w.-]+\.js)["']""")
_SOURCE_MAP = re.compile(r"\n//# sourceMappingURL=\S+\s*$")

_SHOWN = {"text": "from_words", "audio": "from_voice", "vision": "from_face"}
"""Label of each modality."""


def render_report(data: ReportData, labels: Labels) -> str:
    """The page in the language of `labels`."""
    environment = Environment(
        loader=PackageLoader("edge.dashboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    found = data.found
    return environment.get_template("report.html.j2").render(
        t=labels,
        data=data,
        found=found,
        remarks=remarks(data, labels),
        when=lambda t_s: _when(data, t_s),
        span=_span(data, labels),
        zone="" if data.recording else zone_text(found.start_s, found.end_s),
        tiles=[*_tiles(data, labels), *_group_tiles(data, labels)],
        gravest=max((item.level for item in found.levels), default=None),
        levels=level_lengths(found),
        badge=lambda level: badge(level, labels),
        all_levels=list(Level),
        evidence=lambda incident: evidence_text(incident, labels),
        rows=_rows(data.lines),
        bars_of=_bars_of(data),
        signed=signed,
        moments=key_moments(data.lines),
        shown=_SHOWN,
        modalities=_modality_texts(data, labels),
        methods=_methods(data),
        options=_options(data, labels),
        height_px=timeline_height_px(found),
        style=STYLE.read_text(encoding="utf-8") + STYLE.with_name("report.css").read_text(encoding="utf-8"),
        imports={"imports": import_map()},
        version=importlib.metadata.version("emvas-edge"),
    )


def _options(data: ReportData, labels: Labels) -> dict[str, Any]:
    found = data.found
    options: dict[str, Any] = {}
    if not data.empty:
        options["timeline"] = timeline_chart(found, labels, recording=data.recording)
    if found.score_mean is not None:
        options["gauge"] = eyes_and_affect.affect_gauge(found.score_mean, emotion(found.score_mean).en, labels)
        options["shares"] = eyes_and_affect.emotion_radar(found.emotions, labels)
    return options


def _when(data: ReportData, t_s: float) -> str:
    """A time of the report, as text."""
    moment = data.moment(t_s)
    if moment is None:
        return position(t_s)
    start_s, end_s = data.found.start_s, data.found.end_s
    text = f"{moment:%Y-%m-%d %H:%M:%S}" if end_s - start_s > DAY_S else f"{moment:%H:%M:%S}"
    return f"{text} {moment:%Z}" if len(offsets(start_s, end_s)) > 1 else text


def _span(data: ReportData, labels: Labels) -> str:
    start, end = data.moment(data.found.start_s), data.moment(data.found.end_s)
    if start is None or end is None:
        return labels.length(data.found.end_s - data.found.start_s)
    return f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}"


def _tiles(data: ReportData, labels: Labels) -> Sequence[tuple[str, str]]:
    """Name and text of each figure about people; a dash is unknown."""
    found = data.found
    length = (labels("length"), labels.length(found.end_s - found.start_s))
    if data.only_groups:
        return [length]
    closures = ", ".join(f"{labels(class_)} {count}" for class_, count in found.closures.items())
    counted = bool(found.usable_ratio)
    felt = (labels("score_mean"), "–" if found.score_mean is None else signed(found.score_mean))
    return [
        length,
        (labels("people"), str(found.people) if found.faces else "–"),
        (labels("usable"), labels.percent(found.usable_ratio)),
        (labels("perclos_mean"), labels.percent(found.perclos_mean)),
        (labels("perclos_max"), labels.percent(found.perclos_max)),
        (labels("blinks"), str(found.blinks) if counted else "–"),
        (labels("closures"), (closures or "0") if counted else "–"),
        (labels("yawn_count"), str(found.yawns) if counted else "–"),
        (labels("nods"), str(found.nods) if counted else "–"),
        (labels("utterances"), str(found.utterances)),
        *([felt] if data.tells("affect") else []),
    ]


def _group_tiles(data: ReportData, labels: Labels) -> Sequence[tuple[str, str]]:
    figures = group_figures(data)
    if figures is None:
        return []
    faces, motion, noise_db = figures["faces"], figures["motion"], figures["noise_db"]
    return [
        (labels("group_valid"), labels.percent(figures["valid_ratio"])),
        (labels("group_faces"), "–" if faces is None else f"{faces:.1f}"),
        (labels("negative_share"), labels.percent(figures["negative_share"])),
        (labels("motion"), "–" if motion is None else f"{motion:.2f}"),
        (labels("noise_db"), "–" if noise_db is None else f"{noise_db:.0f}"),
    ]


@dataclass(frozen=True, slots=True)
class Bar:
    """One emotion or polarity: share of the judged time, and number of judgements."""

    name: str
    share: float
    count: int
    colour: str


def _bars_of(data: ReportData) -> list[tuple[str, list[Bar]]]:
    """All emotions and polarities in order of the score, including those that did not occur."""
    affects = [line.affect for line in data.lines if line.affect]
    whole_s = sum(affect.end_s - affect.start_s for affect in affects)
    found = []
    for title, name, colours in (("emotions", "emotion", EMOTION_COLOURS), ("polarity", "polarity", POLARITY_COLOURS)):
        bars = []
        for label, colour in colours.items():
            named = [affect for affect in affects if getattr(affect, name) == label]
            share = sum(affect.end_s - affect.start_s for affect in named) / whole_s if whole_s else 0.0
            bars.append(Bar(label, share, len(named), colour))
        found.append((title, bars))
    return found


@dataclass(frozen=True, slots=True)
class CurveRow:
    """One line of words and its piece of the curve; positions are percent from the left."""

    line: UtteranceLine
    at: float | None
    above: float | None
    """Where the curve enters from the row above: half-way between both scores."""
    below: float | None
    marks: tuple[tuple[str, float], ...]
    """Score of each modality alone."""
    colour: str


def _place(score: float) -> float:
    """Position of a score from -1 to 1, with a margin at both ends for the marks."""
    return 50 + 46 * score


def _rows(lines: Sequence[UtteranceLine]) -> list[CurveRow]:
    places = [None if line.affect is None else _place(line.affect.score) for line in lines]
    between = [None if one is None or other is None else (one + other) / 2 for one, other in itertools.pairwise(places)]
    rows = []
    for number, line in enumerate(lines):
        judged = line.affect.modalities if line.affect else {}
        marks = tuple((name, _place(score)) for name in MODALITIES if (score := judged.get(name)) is not None)
        above = between[number - 1] if number else None
        below = between[number] if number < len(between) else None
        colour = EMOTION_COLOURS.get(line.affect.emotion, UNKNOWN_COLOUR) if line.affect else ""
        rows.append(CurveRow(line, places[number], above, below, marks, colour))
    return rows


def _modality_texts(data: ReportData, labels: Labels) -> list[str]:
    """Number of judgements to which each modality contributed."""
    judged = sum(line.affect is not None for line in data.lines)
    if not judged:
        return []
    counts = modality_counts(data)
    return [
        labels.explained(labels(_SHOWN[name]), labels("of_lines", n=count, all=judged))
        for name, count in counts.items()
    ]


def _methods(data: ReportData) -> list[str]:
    """The sentences on method and caveats for what the page shows."""
    found = data.found
    keys = ["method_estimates"]
    keys += ["method_perclos"] if found.steps else []
    keys += ["method_unknown"]
    keys += ["method_affect", "method_words"] if found.score_mean is not None else []
    keys += ["method_people"] if found.people else []
    return keys + (["method_group"] if data.groups else [])


class EchartsMissingError(EmvasError):
    """NiceGUI has no ECharts at the expected path."""


def import_map() -> dict[str, str]:
    """Module name to data URL, for `<script type="importmap">`, without the 3-D part, which loads on demand.

    Raises:
        EchartsMissingError: the files of NiceGUI are missing.
    """
    found: dict[str, str] = {}
    wanted = {MODULE: "index.js"}
    while wanted:
        name, file = wanted.popitem()
        try:
            code = (_DIST / file).read_text(encoding="utf-8")
        except OSError as error:
            raise EchartsMissingError(f"{_DIST / file} cannot be read ({error}): reinstall nicegui") from error
        for imported in _STATIC_IMPORT.findall(code):
            inner = f"{MODULE}/{imported}"
            code = code.replace(f"./{imported}", inner)
            if inner not in found:
                wanted[inner] = imported
        code = _SOURCE_MAP.sub("", code)
        found[name] = "data:text/javascript;base64," + base64.b64encode(code.encode()).decode()
    return found
