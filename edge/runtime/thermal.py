"""How hot the box is: the kernel's thermal zones, and bands that overlap so that none flickers."""

from __future__ import annotations

import math
from enum import IntEnum
from pathlib import Path

from edge.config.appliance import ThermalConfig

ZONES = Path("/sys/class/thermal")
_BEST = ("tj", ("cpu", "gpu", "soc", "x86_pkg", "k10temp"))
"""Names of zones by worth: NVIDIA's `tj` is the hottest point of the whole chip; then processors; then anything."""
_PLAUSIBLE_C = (-40.0, 150.0)
_FILTER_S = 5.0
"""Time constant of the filter before the bands (openpilot hardwared: 5 s)."""


class Band(IntEnum):
    """How hot, in rising order."""

    GREEN = 0
    YELLOW = 1
    RED = 2
    DANGER = 3


_BACK_K = {Band.YELLOW: 5.0, Band.RED: 8.0, Band.DANGER: 6.0}
"""A band ends so far below where it began (openpilot hardwared: 80 and 75, 96 and 88 °C; it ends danger at 94)."""


class Thermometer:
    """Reads the zones of sysfs; a machine without any has no temperature."""

    def __init__(self, root: Path = ZONES) -> None:
        zones = {path: _text(path / "type").lower() for path in sorted(root.glob("thermal_zone*"))}
        chosen = [path for path, name in zones.items() if name.startswith(_BEST[0])]
        chosen = chosen or [path for path, name in zones.items() if any(word in name for word in _BEST[1])]
        self._files = [path / "temp" for path in chosen or zones]

    def celsius(self) -> float | None:
        """The hottest zone that answers; a Jetson's zones do not while their unit is switched off."""
        read = [_celsius(file) for file in self._files]
        return max((value for value in read if value is not None), default=None)


class ThermalBands:
    """Temperatures in, a band out."""

    def __init__(self, config: ThermalConfig) -> None:
        self._above = {Band.YELLOW: config.yellow_c, Band.RED: config.red_c, Band.DANGER: config.danger_c}
        self._last_s: float | None = None
        self.band = Band.GREEN
        self.celsius: float | None = None
        """Filtered; None while nothing is known."""

    def step(self, t_s: float, celsius: float | None) -> Band:
        """Take in one reading; while there is none the band stays."""
        if celsius is None:
            return self.band
        if self.celsius is None or self._last_s is None:
            self.celsius = celsius
        else:
            share = 1.0 - math.exp(-(t_s - self._last_s) / _FILTER_S)
            self.celsius += share * (celsius - self.celsius)
        self._last_s = t_s
        while self.band < Band.DANGER and self.celsius > self._above[Band(self.band + 1)]:
            self.band = Band(self.band + 1)
        while self.band > Band.GREEN and self.celsius < self._above[self.band] - _BACK_K[self.band]:
            self.band = Band(self.band - 1)
        return self.band


def _celsius(file: Path) -> float | None:
    text = _text(file)
    try:
        value = int(text) / 1000
    except ValueError:
        return None
    return value if _PLAUSIBLE_C[0] < value < _PLAUSIBLE_C[1] else None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
