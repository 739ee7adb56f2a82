"""One line of text for an alert, for its evidence and for an utterance."""

from __future__ import annotations

from edge.dashboard.digest import Incident, Said
from edge.dashboard.labels import Labels


def evidence_text(found: Incident, labels: Labels) -> str:
    """What an alert rests on, in one line."""
    parts: list[str] = []
    for name, value in found.evidence.items():
        if name == "causes":
            parts.extend(labels(str(cause)) for cause in value)
        elif isinstance(value, float):
            parts.append(f"{labels(name)} {value:.2f}")
        else:
            parts.append(f"{labels(name)} {value}")
    return " · ".join(parts)


def said_text(item: Said, labels: Labels) -> str:
    """Its affect and its words."""
    score = "" if item.score is None else f"{labels(item.emotion or '')} {item.score:+.2f}"
    return " · ".join(part for part in (score, item.words and f"“{item.words}”") if part)


def incident_text(incident: Incident, labels: Labels) -> str:
    """Kind, level, length and evidence."""
    parts = (
        labels(incident.alert),
        labels(incident.level.name.lower()),
        labels.length(incident.duration_s),
        evidence_text(incident, labels),
    )
    return " · ".join(part for part in parts if part)
