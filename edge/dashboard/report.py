"""The report of a recording: one HTML page that needs nothing but itself."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from edge.affect.words import emotion
from edge.dashboard import charts, dials, echarts
from edge.dashboard.captions import evidence_text
from edge.dashboard.digest import Digest
from edge.dashboard.labels import Labels
from edge.messages import Level
from edge.record import to_record

STYLE = Path(__file__).parent / "templates" / "style.css"
"""The looks that page and report share."""


def numbers(found: Digest) -> dict[str, Any]:
    """The figures of the report as plain JSON data."""
    return {
        "length_s": round(found.end_s - found.start_s, 3),
        "people": found.people,
        "usable_ratio": _rounded(found.usable_ratio),
        "unusable": {reason: _rounded(share) for reason, share in found.unusable.items()},
        "level_s": {level.name.lower(): round(length_s, 3) for level, length_s in _level_lengths(found).items()},
        "perclos_mean": _rounded(found.perclos_mean),
        "perclos_max": _rounded(found.perclos_max),
        "blinks": found.blinks,
        "closures": dict(found.closures),
        "yawns": found.yawns,
        "nods": found.nods,
        "utterances": found.utterances,
        "emotions": {word: _rounded(share) for word, share in found.emotions.items()},
        "score_mean": _rounded(found.score_mean),
        "alerts": [
            dataclasses.asdict(incident) | {"level": incident.level.name.lower()} for incident in found.incidents
        ],
        "missing": [to_record(source) for source in found.sources],
    }


def render(found: Digest, name: str, labels: Labels) -> str:
    """The page for the recording called `name`."""
    environment = Environment(
        loader=PackageLoader("edge.dashboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    options = {"timeline": charts.timeline(found, labels, recording=True)}
    if found.score_mean is not None:
        options["gauge"] = dials.gauge(found.score_mean, emotion(found.score_mean).en, labels)
        options["shares"] = dials.emotion_shares(found, labels)
    return environment.get_template("report.html.j2").render(
        t=labels,
        name=name,
        found=found,
        tiles=_tiles(found, labels),
        gravest=max((span.level for span in found.levels), default=None),
        levels=_level_lengths(found),
        colours=charts.LEVEL_COLOURS,
        all_levels=list(Level),
        evidence=lambda incident: evidence_text(incident, labels),
        remarks=remarks(found, labels),
        words=[item for item in found.said if item.words],
        options=options,
        height_px=charts.timeline_height_px(found),
        style=STYLE.read_text(encoding="utf-8"),
        imports={"imports": echarts.import_map()},
    )


def remarks(found: Digest, labels: Labels) -> list[str]:
    """What this recording cannot tell, in sentences."""
    if found.end_s <= found.start_s and not (found.faces or found.said or found.incidents or found.sources):
        return [labels("empty_report")]
    keys = []
    if not found.faces:
        keys.append("no_faces_recorded")
    elif not found.usable_ratio:
        keys.append("never_usable")
    elif found.perclos_mean is None:
        keys.append("no_perclos")
    keys += [] if found.utterances else ["no_speech"]
    keys += ["no_affect"] if found.score_mean is None else []
    return [labels(key) for key in keys]


def _tiles(found: Digest, labels: Labels) -> Sequence[tuple[str, str]]:
    """Name and value of each figure, as shown."""
    closures = ", ".join(f"{labels(class_)} {count}" for class_, count in found.closures.items())
    counted = found.usable_ratio is not None and found.usable_ratio > 0
    return [
        (labels("length"), labels.length(found.end_s - found.start_s)),
        (labels("people"), str(found.people) if found.faces else "–"),
        (labels("usable"), percent(found.usable_ratio)),
        (labels("perclos_mean"), percent(found.perclos_mean)),
        (labels("perclos_max"), percent(found.perclos_max)),
        (labels("blinks"), str(found.blinks) if counted else "–"),
        (labels("closures"), (closures or "0") if counted else "–"),
        (labels("yawn_count"), str(found.yawns) if counted else "–"),
        (labels("nods"), str(found.nods) if counted else "–"),
        (labels("utterances"), str(found.utterances)),
        (labels("score_mean"), "–" if found.score_mean is None else f"{found.score_mean:+.2f}"),
    ]


def percent(share: float | None) -> str:
    """A share as a reader wants it, a dash when it is unknown."""
    return "–" if share is None else f"{100 * share:.0f} %"


def _level_lengths(found: Digest) -> dict[Level, float]:
    lengths_s: dict[Level, float] = defaultdict(float)
    for span in found.levels:
        lengths_s[span.level] += span.end_s - span.start_s
    return dict(sorted(lengths_s.items()))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
