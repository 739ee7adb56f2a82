"""Armed or not, by the vehicle's speed: with hysteresis, and armed whenever nothing is known."""

from __future__ import annotations

from edge.alerts.trips import TripMeter
from edge.config.decision import ArmingConfig
from edge.messages import SPEED, Source, Speed, Trip


class Arming:
    """Two thresholds: against sleep from walking pace on, against all else from the speed at which it matters.

    Both are armed without a source and while the source is silent.
    """

    def __init__(self, config: ArmingConfig) -> None:
        self._config = config
        self._heard_s: float | None = None
        self._silent = False
        self._trips = TripMeter()
        self.armed = True
        """Whether all that concerns a driving vehicle may be told."""
        self.rolling = True
        """Whether sleep may be told."""
        self.driving = False
        """Whether a speed that was heard says that the vehicle drives; False where it is only assumed."""

    def speed(self, speed: Speed) -> list[Source]:
        """Take in one speed; return how the source is (`SystemStatus` knows whether that is news)."""
        config, kmh = self._config, speed.speed_kmh
        self._heard_s, self._silent = speed.t_s, False
        self.armed = self.driving = kmh >= (config.off_kmh if self.armed else config.on_kmh)
        self.rolling = kmh >= (config.asleep_off_kmh if self.rolling else config.asleep_on_kmh)
        if self.armed:
            state = f"armed from {config.on_kmh:g} km/h"
        elif self.rolling:
            state = f"armed against sleep alone below {config.off_kmh:g} km/h"
        else:
            state = f"disarmed below {config.asleep_off_kmh:g} km/h"
        return [Source(speed.t_s, SPEED, "ok", state)]

    def trip(self, speed: Speed) -> list[Trip]:
        """What one speed tells of the drive that goes on."""
        return self._trips.step(speed)

    def advance(self, t_s: float) -> list[Source]:
        """Let time pass; a source that says nothing for `silent_s` arms the box, and that is said once a silence."""
        if self._config.source == "none" or self._silent:
            return []
        self._heard_s = t_s if self._heard_s is None else self._heard_s
        if t_s - self._heard_s <= self._config.silent_s:
            return []
        self.armed = self.rolling = self._silent = True
        self.driving = False
        return [Source(t_s, SPEED, "lost", f"no speed for {self._config.silent_s:g} s: armed as if driving")]
