"""What is unusual about a person or a group now: change detectors on moods and motions, told to the alerts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from edge.affect.anomaly import Sensitivity, Shift, ShiftDetector
from edge.messages import Anomaly, Level

MOOD_SHIFT, AGITATION, GROUP_MOOD = "mood_shift", "agitation", "group_mood"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is watched for one kind of alert."""

    sign: int
    """Direction that is told: -1 a fall, 1 a rise."""
    least_spread: float
    """Spread below which differences mean nothing."""


QUANTITIES = {
    MOOD_SHIFT: Quantity(-1, 0.05),
    GROUP_MOOD: Quantity(-1, 0.03),
    AGITATION: Quantity(1, 0.1),
}
"""Scores from -1 to 1; motion as the natural logarithm of face widths a second."""
_STILL = 0.02
"""Face widths a second that boxes jitter by; added before the logarithm is taken."""
_PULSE_S = 1.0
_UNSEEN = 3.5
"""Intervals without an observation after which nothing is claimed any more."""
_FORGET = 180.0
"""Intervals unseen after which a subject's normal is forgotten: half an hour at ten seconds."""


def log_motion(motion: float) -> float:
    """Motion on a scale on which its spread hardly depends on its size."""
    return math.log(motion + _STILL)


@dataclass(slots=True)
class _Subject:
    """One quantity of one person or group."""

    detector: ShiftDetector
    seen_s: float
    active: Anomaly | None = None
    told_s: float = -math.inf


class Watch:
    """Observations in, anomalies out: once a second while they last and once when they are over."""

    def __init__(self, alerts_per_hour: float, interval_s: float) -> None:
        """`alerts_per_hour` holds for each kind and subject; observations are to come every `interval_s`."""
        self._sensitivity = Sensitivity(alerts_per_hour, interval_s)
        self._subjects: dict[tuple[str, int | None], _Subject] = {}

    def retune(self, alerts_per_hour: float) -> None:
        """Allow so many alerts from now on."""
        self._sensitivity = replace(self._sensitivity, alerts_per_hour=alerts_per_hour)
        for subject in self._subjects.values():
            subject.detector.retune(self._sensitivity)

    def observe(self, alert: str, track: int | None, t_s: float, value: float) -> None:
        """Take one observation of the quantity of `alert`; `track` is None for a group."""
        quantity = QUANTITIES[alert]
        subject = self._subjects.get((alert, track))
        if subject is None:
            detector = ShiftDetector(self._sensitivity, quantity.sign, quantity.least_spread)
            subject = self._subjects[alert, track] = _Subject(detector, t_s)
        subject.seen_s = t_s
        shift = subject.detector.step(t_s, value)
        if shift:
            subject.active = _anomaly(alert, track, t_s, shift)
        elif subject.active:
            subject.active = replace(subject.active, level=Level.NONE)

    def told(self, t_s: float) -> list[Anomaly]:
        """What the alerts should hear at `t_s`."""
        anomalies = []
        for key, subject in list(self._subjects.items()):
            unseen = (t_s - subject.seen_s) / self._sensitivity.interval_s
            if subject.active and unseen > _UNSEEN:
                subject.active = replace(subject.active, level=Level.NONE)
            if subject.active and (subject.active.level is Level.NONE or t_s - subject.told_s >= _PULSE_S):
                anomalies.append(replace(subject.active, t_s=t_s))
                subject.told_s = t_s
                subject.active = None if subject.active.level is Level.NONE else subject.active
            if unseen > _FORGET:
                del self._subjects[key]
        return anomalies


def _anomaly(alert: str, track: int | None, t_s: float, shift: Shift) -> Anomaly:
    cause = "sudden" if shift.sudden else "sustained"
    evidence = {"shift": round(shift.size, 2), "baseline": shift.baseline}
    return Anomaly(t_s, alert, track, Level.ADVISORY, shift.since_s, (cause,), evidence)
