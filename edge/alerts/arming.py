"""Armed or not, by the vehicle's speed: with hysteresis, and armed whenever nothing is known."""

from __future__ import annotations

from edge.config.understanding import ArmingConfig
from edge.messages import SPEED, Source, Speed


class Arming:
    """Armed from `on_kmh` until below `off_kmh`; always armed without a source and while the source is silent."""

    def __init__(self, config: ArmingConfig) -> None:
        self._config = config
        self._heard_s: float | None = None
        self._silent = False
        self.armed = True

    def speed(self, speed: Speed) -> list[Source]:
        """Take in one speed; return how the source is (`SystemStatus` knows whether that is news)."""
        self._heard_s, self._silent = speed.t_s, False
        self.armed = speed.speed_kmh >= (self._config.off_kmh if self.armed else self._config.on_kmh)
        state = (
            f"armed from {self._config.on_kmh:g} km/h"
            if self.armed
            else f"disarmed below {self._config.off_kmh:g} km/h"
        )
        return [Source(speed.t_s, SPEED, "ok", state)]

    def advance(self, t_s: float) -> list[Source]:
        """Let time pass; a source that says nothing for `silent_s` arms the box, and that is said once a silence."""
        if self._config.source == "none" or self._silent:
            return []
        self._heard_s = t_s if self._heard_s is None else self._heard_s
        if t_s - self._heard_s <= self._config.silent_s:
            return []
        self.armed = self._silent = True
        return [Source(t_s, SPEED, "lost", f"no speed for {self._config.silent_s:g} s: armed as if driving")]
