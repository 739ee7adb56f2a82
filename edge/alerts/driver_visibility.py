"""The visibility of the driver's eyes: the share of time in which they can be judged, and the reason if not."""

from __future__ import annotations

from edge.alerts.condition import Condition
from edge.alerts.kinds import CANNOT_SEE_DRIVER
from edge.config.constants import SEEN_GAP_S
from edge.config.decision import AlertsConfig
from edge.messages import Face, Level, Reason

PAID_BACK = 4.0
"""One second with usable eyes cancels this many seconds without: the alert rises if less than a fifth of the time is
usable. A single good frame cancels almost nothing."""
SEEN_AGAIN_S = 20.0
"""It ends when the eyes were usable for this much longer than not (openpilot: camera-uncertain event, 20 s)."""
SILENCE_S = 5.0
"""No frame at all for this long is a lost source, not a driver who cannot be seen: the time restarts."""
_ANYBODY = "driver"


class DriverVisibility:
    """Adds up the time without usable eyes while the vehicle drives.

    The time between usable frames that are further apart than `SEEN_GAP_S` does not count as seen.
    """

    def __init__(self, config: AlertsConfig) -> None:
        self._config = config
        self._last_s: float | None = None
        self._blind_s = 0.0
        self._again_s = 0.0
        self._usable_s = self._posed_s = 0.0
        self._blind_from_s: float | None = None
        self._why: dict[Reason, float] = {}

    def retune(self, config: AlertsConfig) -> None:
        """Use another configuration from now on."""
        self._config = config

    def step(self, face: Face, armed: bool, driving: bool) -> Condition:
        """Take one face, or the fact that there is none; at a stop (not `armed`) the driver may leave the view.

        With `driving` a speed shows that the vehicle drives; no person in view is critical then.
        """
        t_s = face.t_s
        if not armed or self._last_s is None or not 0 <= t_s - self._last_s <= SILENCE_S:
            self._begin_anew(t_s)
        passed_s = t_s - (t_s if self._last_s is None else self._last_s)
        self._last_s = t_s
        usable = face.usable and face.eye_opening is not None
        self._posed_s = t_s if usable or face.yaw_deg is not None else self._posed_s
        seen = usable and t_s - self._usable_s <= SEEN_GAP_S
        self._usable_s = t_s if usable else self._usable_s
        if not usable:
            why = face.reason or Reason.EYES_HIDDEN
            self._why[why] = self._why.get(why, 0.0) + passed_s
        self._add(t_s, passed_s, seen)
        if self._blind_from_s is None:
            return Condition(CANNOT_SEE_DRIVER, _ANYBODY, Level.NONE, t_s)
        posed = t_s - self._posed_s < self._config.blind_s
        causes = (max(self._why, key=lambda reason: self._why[reason]).value,) if self._why else ()
        level = self._level(t_s - self._posed_s, driving)
        return Condition(CANNOT_SEE_DRIVER, _ANYBODY, level, self._blind_from_s, causes, {"head_only": posed})

    def _add(self, t_s: float, passed_s: float, seen: bool) -> None:
        if self._blind_from_s is None:
            self._blind_s = max(self._blind_s + (-PAID_BACK * passed_s if seen else passed_s), 0.0)
            if self._blind_s >= self._config.blind_s - 1e-6:
                self._blind_from_s, self._again_s = t_s - self._blind_s, 0.0
            elif self._blind_s == 0.0:
                self._why.clear()
            return
        self._again_s = max(self._again_s + (passed_s if seen else -passed_s), 0.0)
        if self._again_s >= SEEN_AGAIN_S - 1e-6:
            self._begin_anew(t_s)

    def _level(self, unseen_s: float, driving: bool) -> Level:
        if driving and unseen_s >= self._config.unseen_critical_s:
            return Level.CRITICAL
        return Level.WARNING if unseen_s >= self._config.unseen_warning_s else Level.ADVISORY

    def _begin_anew(self, t_s: float) -> None:
        self._last_s, self._posed_s = t_s, t_s
        self._blind_s, self._blind_from_s = 0.0, None
        self._why.clear()
