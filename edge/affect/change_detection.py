"""Change detection: a lasting or sudden change of mood or motion against the recent past, as anomalies.

The method is a robust baseline and CUSUM. Each observation is standardised by the median and the MAD of the last half
hour. What the observation before it already explained is taken out (moods last). The rest is cut off at 3 spreads and
summed. `ChangeSensitivity` turns the one number that people understand, alerts per hour while nothing happens, into the
height that the sum must reach.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from edge.messages import Anomaly, Level

REFERENCE = 0.5
"""Half of the shift, in spreads, that is found soonest (Page's CUSUM; Montgomery, Statistical Quality Control, 9.1)."""
LEAST_OBSERVATIONS = 60
"""Least observations before a change is reported: the median of fewer is too uncertain."""
_OVERSHOOT = 1.166
"""Siegmund's correction for the sum's jump beyond the threshold (Sequential Analysis, 1985)."""
_NORMAL_MAD = 1.4826
_CUT_OFF = 3.0
_MEDIAN_DOUBT = 1.2533
"""Standard error of a normal median, in spreads over sqrt(n)."""
_SPREAD_DOUBT = 1.17
"""Relative standard error of a normal MAD, over sqrt(n)."""
_MOST_LASTING = 0.9
_REST = 0.25
"""An alarm ends when the sum has sunk to this share of the threshold."""
_SUDDEN = 6
"""Observations within which a sudden change is found: a minute at ten seconds."""
_NEXT, _FORGOTTEN = 2.5, 30.0
"""Intervals within which an observation follows the last one, and after which a started sum is forgotten."""
MOOD_SHIFT, AGITATION, GROUP_MOOD = "mood_shift", "agitation", "group_mood"
_STILL = 0.02
"""Face widths a second that boxes jitter by; added before the logarithm is taken."""
_PULSE_S = 1.0
_UNSEEN = 3.5
"""Intervals without an observation after which an anomaly ends."""
_FORGET = 180.0
"""Intervals unseen after which the baseline of a subject is forgotten: half an hour at ten seconds."""


def run_length(threshold: float, reference: float = REFERENCE) -> float:
    """Mean number of observations between false alarms of a one-sided CUSUM on standard normal data (Siegmund)."""
    reach = 2 * reference * (threshold + _OVERSHOOT)
    return (math.exp(reach) - reach - 1) / (2 * reference**2)


def threshold_for(alerts_per_hour: float, interval_s: float) -> float:
    """The threshold that normal observations every `interval_s` cross `alerts_per_hour` times an hour on average.

    Raises: ValueError: `alerts_per_hour` is more than such observations can give.
    """
    wanted = 3600.0 / (alerts_per_hour * interval_s)
    low, high = 0.0, 60.0
    if wanted < run_length(low):
        raise ValueError(
            f"{alerts_per_hour:g} alerts an hour cannot come from one observation every {interval_s:g} s: ask for less"
        )
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if run_length(middle) < wanted else (low, middle)
    return low


@dataclass(frozen=True, slots=True)
class ChangeSensitivity:
    """How easily a change is reported."""

    alerts_per_hour: float
    """Expected in normal use."""
    interval_s: float
    """Time between observations."""
    memory_s: float = 1800.0
    """Length of the past that makes the baseline."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A change that continues."""

    since_s: float
    """When the sum began to rise."""
    size: float
    """Median of the observations since then, in spreads from the baseline; positive in the watched direction."""
    baseline: float
    sudden: bool
    """Whether it was found within six observations of its start."""


class ShiftDetector:
    """Watches one quantity of one subject for a fall (`sign` -1) or a rise (+1).

    Observations of a change that is being summed enter the baseline only when the sum is back at zero, or when there
    are so many of them that they are the new baseline. Time without observations does not count.
    """

    def __init__(self, sensitivity: ChangeSensitivity, sign: int, least_spread: float) -> None:
        """`least_spread` is a lower limit for the spread, in units of the quantity."""
        self._threshold = threshold_for(sensitivity.alerts_per_hour, sensitivity.interval_s)
        self._interval_s = sensitivity.interval_s
        self._most = max(round(sensitivity.memory_s / sensitivity.interval_s), LEAST_OBSERVATIONS)
        self._sign, self._least_spread = sign, least_spread
        self._past: deque[tuple[float, float]] = deque(maxlen=self._most)
        self._summed: list[tuple[float, float]] = []
        self._last: tuple[float, float] | None = None
        self._sum = 0.0
        self._sudden: bool | None = None

    def retune(self, sensitivity: ChangeSensitivity) -> None:
        """Use another threshold; the interval and the memory stay."""
        self._threshold = threshold_for(sensitivity.alerts_per_hour, self._interval_s)

    @property
    def learned(self) -> bool:
        """Whether the baseline is known; before, no change is reported."""
        return len(self._past) >= LEAST_OBSERVATIONS

    def step(self, t_s: float, value: float) -> Shift | None:
        """Add one observation; return the change that continues, if any."""
        if self._last is not None and t_s - self._last[0] > _FORGOTTEN * self._interval_s:
            self._settle()
        if not self.learned:
            self._past.append((t_s, value))
            self._last = (t_s, value)
            return None
        shift = self._sum_up(t_s, value)
        self._last = (t_s, value)
        return shift

    def _sum_up(self, t_s: float, value: float) -> Shift | None:
        baseline, spread, lasting, doubt = self._normal()
        deviation = self._standard(value, baseline, spread)
        if self._last is not None and t_s - self._last[0] <= _NEXT * self._interval_s:
            before = self._standard(self._last[1], baseline, spread)
            change = (deviation - lasting * before) / math.sqrt(1 - lasting**2)
            deviation = min(max(change, -_CUT_OFF), _CUT_OFF)
        self._sum = min(max(self._sum + deviation - REFERENCE - doubt, 0.0), self._threshold)
        self._summed.append((t_s, value))
        if self._sum >= self._threshold and self._sudden is None:
            self._sudden = len(self._summed) <= _SUDDEN
        over = self._sum == 0.0 or (self._sudden is not None and self._sum <= _REST * self._threshold)
        if over or len(self._summed) >= self._most // 2:
            self._settle()
        if self._sudden is None:
            return None
        size = float(np.median([self._standard(item, baseline, spread) for _, item in self._summed]))
        return Shift(self._summed[0][0], size, baseline, self._sudden)

    def _settle(self) -> None:
        """The change is over, or has become the baseline."""
        self._past.extend(self._summed)
        self._summed, self._sum, self._sudden = [], 0.0, None

    def _standard(self, value: float, baseline: float, spread: float) -> float:
        return min(max(self._sign * (value - baseline) / spread, -_CUT_OFF), _CUT_OFF)

    def _normal(self) -> tuple[float, float, float, float]:
        """Median, spread, share of a deviation that lasts to the next observation, and uncertainty of the median."""
        times, values = np.array(self._past).T
        root = math.sqrt(len(values))
        baseline = float(np.median(values))
        spread = max(_NORMAL_MAD * float(np.median(np.abs(values - baseline))), self._least_spread)
        scaled = np.clip((values - baseline) / spread, -_CUT_OFF, _CUT_OFF)
        follows = np.diff(times) <= _NEXT * self._interval_s
        products = (scaled[1:] * scaled[:-1])[follows]
        power = float(np.mean(np.square(scaled)))
        lasting = float(np.mean(products)) / power if len(products) and power > 0 else 0.0
        lasting = min(max(lasting + (1 + 3 * lasting) / len(values), 0.0), _MOST_LASTING)
        return baseline, spread * (1 + _SPREAD_DOUBT / root), lasting, _MEDIAN_DOUBT / root


@dataclass(frozen=True, slots=True)
class WatchedQuantity:
    """The quantity watched for one kind of alert."""

    sign: int
    """Direction that is reported: -1 a fall, 1 a rise."""
    least_spread: float
    """Smallest spread in which differences matter."""


QUANTITIES = {
    MOOD_SHIFT: WatchedQuantity(-1, 0.05),
    GROUP_MOOD: WatchedQuantity(-1, 0.03),
    AGITATION: WatchedQuantity(1, 0.1),
}
"""Scores from -1 to 1; motion as the natural logarithm of face widths a second."""


def log_motion(motion: float) -> float:
    """Motion on a scale on which its spread hardly depends on its size."""
    return math.log(motion + _STILL)


@dataclass(slots=True)
class _Subject:
    """One quantity of one person or group."""

    detector: ShiftDetector
    seen_s: float
    active: Anomaly | None = None
    reported_s: float = -math.inf


class ChangeDetection:
    """Observations in, anomalies out: once a second while they last, and once when they are over."""

    def __init__(self, alerts_per_hour: float, interval_s: float) -> None:
        """`alerts_per_hour` applies to each kind and subject; observations are expected every `interval_s`."""
        self._sensitivity = ChangeSensitivity(alerts_per_hour, interval_s)
        self._subjects: dict[tuple[str, int | None], _Subject] = {}

    def retune(self, alerts_per_hour: float) -> None:
        """Allow this many alerts from now on."""
        self._sensitivity = replace(self._sensitivity, alerts_per_hour=alerts_per_hour)
        for subject in self._subjects.values():
            subject.detector.retune(self._sensitivity)

    def observe(self, alert: str, track: int | None, t_s: float, value: float) -> None:
        """Add one observation of the quantity of `alert`; `track` is None for a group."""
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

    def due(self, t_s: float) -> list[Anomaly]:
        """The anomalies to report at `t_s`."""
        anomalies = []
        for key, subject in list(self._subjects.items()):
            unseen = (t_s - subject.seen_s) / self._sensitivity.interval_s
            if subject.active and unseen > _UNSEEN:
                subject.active = replace(subject.active, level=Level.NONE)
            if subject.active and (subject.active.level is Level.NONE or t_s - subject.reported_s >= _PULSE_S):
                anomalies.append(replace(subject.active, t_s=t_s))
                subject.reported_s = t_s
                subject.active = None if subject.active.level is Level.NONE else subject.active
            if unseen > _FORGET:
                del self._subjects[key]
        return anomalies


def _anomaly(alert: str, track: int | None, t_s: float, shift: Shift) -> Anomaly:
    cause = "sudden" if shift.sudden else "sustained"
    evidence = {"shift": round(shift.size, 2), "baseline": shift.baseline}
    return Anomaly(t_s, alert, track, Level.ADVISORY, shift.since_s, (cause,), evidence)
