"""Armed or not, by the vehicle's speed: with hysteresis, and armed whenever nothing is known."""

from __future__ import annotations

from edge.config.understanding import ArmingConfig
from edge.messages import SPEED, Source, Speed


class Arming:
    """Armed from `on_kmh` until below `off_kmh`; always armed without a source and while the source is silent."""

    def __init__(self, config: ArmingConfig) -> None:
        self._config = config
        self._heard_s: float | None = None
        self._told: str | None = None
        self.armed = True

    def speed(self, speed: Speed) -> list[Source]:
        """Take in one speed; return what is new."""
        self._heard_s = speed.t_s
        self.armed = speed.speed_kmh >= (self._config.off_kmh if self.armed else self._config.on_kmh)
        state = (
            f"armed from {self._config.on_kmh:g} km/h"
            if self.armed
            else f"disarmed below {self._config.off_kmh:g} km/h"
        )
        return self._tell(Source(speed.t_s, SPEED, "ok", state))

    def advance(self, t_s: float) -> list[Source]:
        """Let time pass; a source that says nothing for `silent_s` arms the box."""
        if self._config.source == "none":
            return []
        self._heard_s = t_s if self._heard_s is None else self._heard_s
        if t_s - self._heard_s <= self._config.silent_s:
            return []
        self.armed = True
        return self._tell(Source(t_s, SPEED, "lost", f"no speed for {self._config.silent_s:g} s: armed as if driving"))

    def _tell(self, source: Source) -> list[Source]:
        if source.detail == self._told:
            return []
        self._told = source.detail
        return [source]
