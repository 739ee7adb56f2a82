"""Steps of an alert engine: what it is told, and what it tells."""

from __future__ import annotations

from edge.alerts.engine import AlertEngine
from edge.config.decision import AlertsConfig
from edge.fatigue.policy import CAUSES
from edge.messages import Alert, Face, Fatigue, Level, Message, Reason

CONFIG = AlertsConfig()


def fatigue(t_s: float, *causes: str, track: int = 1, **evidence: float) -> Fatigue:
    level = max((CAUSES[cause] for cause in causes), default=Level.NONE)
    return Fatigue(t_s, track, level, 0.1, 0.1, 1.0, causes, evidence)


def tell(*messages: Message, session: str = "s", config: AlertsConfig = CONFIG) -> list[Alert]:
    engine = AlertEngine(config, session)
    return [alert for message in messages for alert in engine.step(message)]


def kinds(alerts: list[Alert]) -> list[tuple[str, str]]:
    return [(alert.type, alert.alert) for alert in alerts]


def face(t_s: float, usable: bool) -> Face:
    reason = None if usable else Reason.EYES_HIDDEN
    return Face(t_s, 1, usable=usable, reason=reason, eye_opening=0.3)
