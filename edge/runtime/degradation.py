"""What the box leaves out when it is hot or overloaded: frames first, then expressions, then words; never the eyes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from edge.config import Config
from edge.config.appliance import ThermalConfig
from edge.i18n.sentence import Sentence
from edge.messages import Source
from edge.runtime.metrics import RunCounters
from edge.runtime.perception_stages import PerceptionStages
from edge.runtime.sources import LiveSources
from edge.runtime.supervision import Report

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


CAPACITY = "capacity"
"""Name in `Source` messages: `absent` while something is shed, `lost` while the box is in danger from heat."""
LEAST_HZ = 10.0
"""Pictures a second that the eyes need; fewer, while the camera gives more, is too much load."""
_BUSY_S = 5.0
"""Too much load for so long sheds one more thing."""
_CALM_S = 60.0
"""Enough room for so long takes one thing back."""
_ROOM_HZ = 1.5 * LEAST_HZ
"""Enough room: what is taken back costs some of it."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What is still done."""

    most_hz: float | None = None
    """Pictures a second that vision gets; None: all."""
    expressions: bool = True
    words: bool = True

    @property
    def shed(self) -> dict[str, bool]:
        """What is not done, or not all of it."""
        return {"pictures": self.most_hz is not None, "expressions": not self.expressions, "words": not self.words}

    @property
    def described(self) -> tuple[str, ...]:
        """The same in words."""
        rate = () if self.most_hz is None else (Sentence("fewer_pictures", hz=self.most_hz),)
        expressions = () if self.expressions else (Sentence("without_expressions"),)
        return (*rate, *expressions, *(() if self.words else (Sentence("without_words"),)))


HEAT: dict[Band, Workload] = {
    Band.GREEN: Workload(),
    Band.YELLOW: Workload(most_hz=15.0),
    Band.RED: Workload(most_hz=LEAST_HZ, expressions=False),
    Band.DANGER: Workload(most_hz=LEAST_HZ, expressions=False, words=False),
}
LOAD: tuple[Workload, ...] = (Workload(), Workload(expressions=False), Workload(expressions=False, words=False))
"""Under load the newest picture wins, so the rate has already fallen by itself."""


class Shedding:
    """Bands and rates in; a diet, and a word at each change, out. Time is an argument."""

    def __init__(self) -> None:
        self.diet = Workload()
        self._rung = 0
        self._asked: tuple[int, float] | None = None
        """One rung more or less, and since when the load asks for it."""
        self._told = ""

    def step(self, t_s: float, band: Band, celsius: float | None, came_hz: float, seen_hz: float) -> list[Source]:
        """One look: `came_hz` pictures a second were meant for vision of late, `seen_hz` went through it."""
        self._climb(t_s, came_hz, seen_hz)
        heat, load = HEAT[band], LOAD[self._rung]
        self.diet = Workload(heat.most_hz, heat.expressions and load.expressions, heat.words and load.words)
        return self._tell(t_s, band, celsius)

    def _climb(self, t_s: float, came_hz: float, seen_hz: float) -> None:
        busy = seen_hz < min(LEAST_HZ, 0.9 * came_hz) and self._rung < len(LOAD) - 1
        calm = self._rung > 0 and (seen_hz >= _ROOM_HZ or seen_hz >= 0.95 * came_hz)
        step = busy - calm
        if not step:
            self._asked = None
        elif self._asked is None or self._asked[0] != step:
            self._asked = step, t_s
        elif t_s - self._asked[1] >= (_BUSY_S if busy else _CALM_S):
            self._rung += step
            self._asked = None

    def _tell(self, t_s: float, band: Band, celsius: float | None) -> list[Source]:
        why, what = _reason(band, busy=self._rung > 0), self.diet.described
        told = Sentence("reduced", what=what, why=why) if why else ""
        if told == self._told:
            return []
        self._told = told
        if not told:
            return [Source(t_s, CAPACITY, "ok")]
        if celsius is not None and band is not Band.GREEN:
            told = Sentence("reduced_at", what=what, why=why, celsius=celsius)
        return [Source(t_s, CAPACITY, "lost" if band is Band.DANGER else "absent", told)]


def _reason(band: Band, busy: bool) -> str:
    """Why less is done; empty where all is."""
    name = band.name.lower()
    if band is Band.GREEN:
        return Sentence("too_busy") if busy else ""
    return Sentence("too_hot_and_busy", band=name) if busy else Sentence("too_hot", band=name)


_OF_LATE = 0.2
"""Share of the last second in the rate of late: it settles within ten."""


class Degradation:
    """Used by the judging thread."""

    def __init__(
        self, config: Config, health: RunCounters, sources: LiveSources, perception: PerceptionStages, report: Report
    ) -> None:
        self._health, self._sources, self._perception, self._report = health, sources, perception, report
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
        self._sources.pace.most_hz = diet.most_hz
        self._perception.expressions, self._perception.words = diet.expressions, diet.words
        health.celsius, health.band, health.shed = self._bands.celsius, band.name.lower(), diet.shed
        for source in news:
            self._report(source)
