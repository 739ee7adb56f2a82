"""The look once a second at heat and load, and its consequences for the sources and stages of the live box."""

from __future__ import annotations

from edge.config import Config
from edge.runtime.component import Report
from edge.runtime.degradation import Shedding
from edge.runtime.health import Health
from edge.runtime.perception_stages import Senses
from edge.runtime.sources import Intake
from edge.runtime.thermal import ThermalBands, Thermometer

_OF_LATE = 0.2
"""Share of the last second in the rate of late: it settles within ten."""


class Economy:
    """Used by the judging thread."""

    def __init__(self, config: Config, health: Health, intake: Intake, senses: Senses, report: Report) -> None:
        self._health, self._intake, self._senses, self._report = health, intake, senses, report
        self._thermometer, self._bands, self._shedding = Thermometer(), ThermalBands(config.thermal), Shedding()
        self._frames = self._came = self._seen = 0
        self._last_s = 0.0

    def look(self, t_s: float) -> None:
        """Measure, decide, apply, tell."""
        health, elapsed_s = self._health, t_s - self._last_s
        delivered_hz = (health.frames - self._frames) / elapsed_s
        health.camera_hz += _OF_LATE * (delivered_hz - health.camera_hz) if self._frames else delivered_hz
        self._frames, seen = health.frames, health.frames_seen
        came = health.frames - health.frames_shed if seen else 0  # the first picture may take long: no load yet
        came_hz, seen_hz = (came - self._came) / elapsed_s, (seen - self._seen) / elapsed_s
        self._came, self._seen, self._last_s = came, seen, t_s
        band = self._bands.step(t_s, self._thermometer.celsius())
        news = self._shedding.step(t_s, band, self._bands.celsius, came_hz, seen_hz)
        diet = self._shedding.diet
        self._intake.pace.most_hz = diet.most_hz
        self._senses.expressions, self._senses.words = diet.expressions, diet.words
        health.celsius, health.band, health.shed = self._bands.celsius, band.name.lower(), diet.shed
        for source in news:
            self._report(source)
