"""One line of text for an alert, for its evidence and for an utterance."""

from __future__ import annotations

from edge.dashboard.data.events import Incident, UtteranceSummary
from edge.i18n.texts import Labels, signed

_SHARES = frozenset({"perclos_60", "perclos_180", "valid_ratio"})
_SHOWN_ELSEWHERE = frozenset({"closed_from_s"})
"""Start of the closure in times of the run; the alert's start shows it in local time."""


def evidence_text(found: Incident, labels: Labels) -> str:
    """The evidence of an alert in one line, without unknown values."""
    parts: list[str] = []
    for name, value in found.evidence.items():
        if name == "causes":
            parts.extend(labels(str(cause)) for cause in value)
        elif name not in _SHOWN_ELSEWHERE and value not in (None, ""):
            shown = "usual" if name == "baseline" and "shift" in found.evidence else name
            parts.append(f"{labels('evidence_' + shown, shown)} {_value(name, value, labels)}")
    return " · ".join(parts)


def _value(name: str, value: object, labels: Labels) -> str:
    if isinstance(value, float):
        if name in _SHARES:
            return labels.percent(value)
        if name == "shift":
            return labels("spreads_n", n=f"{value:.1f}")
        return labels.length(value) if name.endswith("_s") else f"{value:.2f}"
    return labels.sentence(value) if name == "detail" and isinstance(value, str) else labels(str(value))


def utterance_text(item: UtteranceSummary, labels: Labels) -> str:
    """Affect and words of an utterance."""
    score = "" if item.score is None else f"{labels(item.emotion or '')} {signed(item.score)}"
    return " · ".join(part for part in (score, item.words and f"“{item.words}”") if part)


def incident_text(incident: Incident, labels: Labels) -> str:
    """Kind, level, duration and evidence of an alert."""
    parts = (
        labels(incident.alert),
        labels(incident.level.name.lower()),
        labels.length(incident.duration_s),
        evidence_text(incident, labels),
    )
    return " · ".join(part for part in parts if part)
