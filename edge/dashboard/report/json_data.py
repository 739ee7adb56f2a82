"""The figures of a report as JSON data, and remarks on what it cannot show."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from edge.dashboard.data.aggregates import Aggregates
from edge.dashboard.data.events import MODALITIES
from edge.dashboard.report.report_data import ReportData
from edge.dashboard.report.utterances import UtteranceLine
from edge.i18n.texts import Labels
from edge.messages import Affect, Level
from edge.messages.serialize import to_record


def report_figures(data: ReportData) -> dict[str, Any]:
    """The content of the report page as JSON; `start_s` and `end_s` count from its start, None is unknown."""
    found = data.found
    affects = [line.affect for line in data.lines if line.affect]
    return {
        "name": data.name,
        "start": _time(data, found.start_s),
        "end": _time(data, found.end_s),
        "length_s": round(found.end_s - found.start_s, 3),
        "people": found.people,
        "usable_ratio": _rounded(found.usable_ratio),
        "unusable": {reason: _rounded(share) for reason, share in found.unusable.items()},
        "level_s": {level.name.lower(): round(length_s, 3) for level, length_s in level_lengths(found).items()}
        | ({"unknown": round(found.unknown_s, 3)} if found.unknown_s else {}),
        "perclos_mean": _rounded(found.perclos_mean),
        "perclos_max": _rounded(found.perclos_max),
        "blinks": found.blinks,
        "closures": dict(found.closures),
        "yawns": found.yawns,
        "nods": found.nods,
        "utterances": [_line(data, line) for line in data.lines if line.spoken],
        "windows": [_line(data, line) for line in data.lines if not line.spoken],
        "emotions": {word: _rounded(share) for word, share in found.emotions.items()},
        "emotion_counts": emotion_counts(affects),
        "score_mean": _rounded(found.score_mean),
        "score_sd": _rounded(spread(affects)),
        "modalities": modality_counts(data),
        "group": group_figures(data),
        "alerts": [
            {
                **_times(data, incident.start_s, incident.end_s),
                "id": incident.id,
                "alert": incident.alert,
                "level": incident.level.name.lower(),
                "duration_s": round(incident.duration_s, 3),
                "evidence": dict(incident.evidence),
            }
            for incident in found.incidents
        ],
        "missing": [to_record(source) | _times(data, source.t_s, None) for source in found.sources],
    }


def level_lengths(found: Aggregates) -> dict[Level, float]:
    """Seconds at each fatigue level, from the lowest."""
    lengths_s: dict[Level, float] = defaultdict(float)
    for span in found.levels:
        lengths_s[span.level] += min(span.end_s, max(found.end_s, span.start_s)) - span.start_s
    return dict(sorted(lengths_s.items()))


def modality_counts(data: ReportData) -> dict[str, int]:
    """Number of judged utterances and windows to which each modality contributed."""
    judged = [line.affect for line in data.lines if line.affect]
    return {name: sum(affect.modalities.get(name) is not None for affect in judged) for name in MODALITIES}


def group_figures(data: ReportData) -> dict[str, float | None] | None:
    """Means over all group windows, and the share of the time that they cover."""
    if not data.groups:
        return None
    length_s = data.found.end_s - data.found.start_s
    covered_s = sum(group.end_s - group.start_s for group in data.groups)
    figures: dict[str, float | None] = {"valid_ratio": _rounded(min(1.0, covered_s / length_s) if length_s else None)}
    for name in ("faces", "negative_share", "spread", "motion", "noise_db"):
        values = [value for group in data.groups if (value := getattr(group, name)) is not None]
        figures[name] = _rounded(fmean(values)) if values else None
    return figures


def _line(data: ReportData, line: UtteranceLine) -> dict[str, Any]:
    words, affect = line.words, line.affect
    return {
        **_times(data, line.start_s, line.end_s),
        "words": words.text if words else None,
        "language": words.language if words else None,
        "words_confidence": _rounded(words.confidence) if words else None,
        "score": _rounded(affect.score) if affect else None,
        "emotion": affect.emotion if affect else None,
        "polarity": affect.polarity if affect else None,
        "modalities": {name: _rounded(affect.modalities.get(name)) for name in MODALITIES} if affect else None,
        "confidence": _rounded(affect.confidence) if affect else None,
        "track": affect.track if affect else None,
    }


def _times(data: ReportData, start_s: float, end_s: float | None) -> dict[str, Any]:
    begun_s = data.found.start_s
    return {
        "start_s": round(start_s - begun_s, 3),
        "end_s": None if end_s is None else round(end_s - begun_s, 3),
        "time": _time(data, start_s),
    }


def _time(data: ReportData, t_s: float) -> str | None:
    moment = data.moment(t_s)
    return moment.isoformat(timespec="seconds") if moment else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def remarks(data: ReportData, labels: Labels) -> list[str]:
    """Sentences at the top of a report: damaged file, no records, no faces, no speech."""
    found = data.found
    lost = [source.detail for source in found.sources if source.source == "file" and source.state == "lost"]
    sentences = [labels("file_damaged", detail=labels.sentence(detail)) for detail in lost]
    if not (found.faces or data.lines or data.groups or found.incidents or found.steps):
        nothing = "empty_report" if data.empty else "nothing_seen_or_heard"
        return [*sentences, labels(nothing)]
    keys = []
    if data.only_groups:
        keys.append("group_only")
    elif not found.faces:
        keys.append("no_faces_recorded")
    elif not found.usable_ratio:
        keys.append("never_usable")
    elif found.perclos_mean is None:
        keys.append("no_perclos")
    if not data.only_groups:
        keys += ["no_speech"] if data.tells("transcript") and not found.utterances else []
        keys += ["no_affect"] if data.tells("affect") and found.score_mean is None else []
    return sentences + [labels(key) for key in keys]


def emotion_counts(affects: Sequence[Affect]) -> dict[str, int]:
    """Number of judgements per emotion, most frequent first."""
    return dict(Counter(affect.emotion for affect in affects).most_common())


def spread(affects: Sequence[Affect]) -> float | None:
    """Standard deviation of the score, weighted by duration; None with fewer than two judgements."""
    weights = [affect.end_s - affect.start_s for affect in affects]
    whole = sum(weights)
    if len(affects) < 2 or not whole:
        return None
    mean = sum(w * affect.score for w, affect in zip(weights, affects, strict=True)) / whole
    return math.sqrt(sum(w * (affect.score - mean) ** 2 for w, affect in zip(weights, affects, strict=True)) / whole)
