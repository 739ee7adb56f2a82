"""Degradation when the box is hot or overloaded: fewer frames, then no expressions, then no transcripts; eyes stay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from edge.config import Config
from edge.config.appliance import ThermalConfig
from edge.i18n.texts import Sentence
from edge.messages import Source
from edge.runtime.metrics import RunCounters
from edge.runtime.perception_stages import PerceptionStages
from edge.runtime.sources import LiveSources
from edge.runtime.supervision import Report

ZONES = Path("/sys/class/thermal")
_BEST = ("tj", ("cpu", "gpu", "soc", "x86_pkg", "k10temp"))
"""Names of zones, best first: NVIDIA's `tj` is the hottest point of the chip; then processors; then any other zone."""
_PLAUSIBLE_C = (-40.0, 150.0)
_OF_LATE = 0.2
"""Weight of the last second in the mean camera rate, which settles within ten seconds."""
_FILTER_S = 5.0
"""Time constant of the filter before the bands (openpilot hardwared: 5 s)."""
CAPACITY = "capacity"
"""Name in `Source` messages: `absent` while work is shed, `lost` while heat endangers the box."""
LEAST_HZ = 10.0
"""Frames a second that eye judgement needs; fewer, while the camera delivers more, mean overload."""
_BUSY_S = 5.0
"""Overload for this long sheds one more kind of work."""
_CALM_S = 60.0
"""Spare capacity for this long restores one kind of work."""
_ROOM_HZ = 1.5 * LEAST_HZ
"""Spare capacity: restored work costs some of it."""


class Band(IntEnum):
    """Temperature bands in rising order; they overlap, so that the band does not flicker."""

    GREEN = 0
    YELLOW = 1
    RED = 2
    DANGER = 3


_BACK_K = {Band.YELLOW: 5.0, Band.RED: 8.0, Band.DANGER: 6.0}
"""A band ends this far below its start (openpilot hardwared: 80 and 75, 96 and 88 °C; danger ends at 94 there)."""


class Thermometer:
    """Reads the kernel's thermal zones; a machine without zones has no temperature."""

    def __init__(self, root: Path = ZONES) -> None:
        zones = {path: _text(path / "type").lower() for path in sorted(root.glob("thermal_zone*"))}
        chosen = [path for path, name in zones.items() if name.startswith(_BEST[0])]
        chosen = chosen or [path for path, name in zones.items() if any(word in name for word in _BEST[1])]
        self._files = [path / "temp" for path in chosen or zones]

    def celsius(self) -> float | None:
        """The hottest zone that can be read; a Jetson's zones cannot while their unit is switched off."""
        read = [_celsius(file) for file in self._files]
        return max((value for value in read if value is not None), default=None)


class ThermalBands:
    """Filters temperatures and gives the band."""

    def __init__(self, config: ThermalConfig) -> None:
        self._above = {Band.YELLOW: config.yellow_c, Band.RED: config.red_c, Band.DANGER: config.danger_c}
        self._last_s: float | None = None
        self.band = Band.GREEN
        self.celsius: float | None = None
        """Filtered; None before the first reading."""

    def step(self, t_s: float, celsius: float | None) -> Band:
        """Handle one reading; the band stays when there is none."""
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


@dataclass(frozen=True, slots=True)
class Workload:
    """The work that is still done."""

    most_hz: float | None = None
    """Frames a second that vision gets; None: all."""
    expressions: bool = True
    words: bool = True

    @property
    def shed(self) -> dict[str, bool]:
        """The work that is reduced or left out."""
        return {"pictures": self.most_hz is not None, "expressions": not self.expressions, "words": not self.words}

    @property
    def described(self) -> tuple[str, ...]:
        """The same as sentences."""
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
"""Under overload only the newest frame waits, so the rate has already fallen by itself."""


class Shedding:
    """Chooses the workload from band and frame rates, and reports each change. Time is an argument."""

    def __init__(self) -> None:
        self.workload = Workload()
        self._load = 0
        self._asked: tuple[int, float] | None = None
        """One step more or less, and since when the load demands it."""
        self._reported = ""

    def step(self, t_s: float, band: Band, celsius: float | None, came_hz: float, seen_hz: float) -> list[Source]:
        """Handle one second: `came_hz` frames a second were meant for vision, `seen_hz` went through it."""
        self._climb(t_s, came_hz, seen_hz)
        heat, load = HEAT[band], LOAD[self._load]
        self.workload = Workload(heat.most_hz, heat.expressions and load.expressions, heat.words and load.words)
        return self._report(t_s, band, celsius)

    def _climb(self, t_s: float, came_hz: float, seen_hz: float) -> None:
        busy = seen_hz < min(LEAST_HZ, 0.9 * came_hz) and self._load < len(LOAD) - 1
        calm = self._load > 0 and (seen_hz >= _ROOM_HZ or seen_hz >= 0.95 * came_hz)
        step = busy - calm
        if not step:
            self._asked = None
        elif self._asked is None or self._asked[0] != step:
            self._asked = step, t_s
        elif t_s - self._asked[1] >= (_BUSY_S if busy else _CALM_S):
            self._load += step
            self._asked = None

    def _report(self, t_s: float, band: Band, celsius: float | None) -> list[Source]:
        why, what = _reason(band, busy=self._load > 0), self.workload.described
        sentence = Sentence("reduced", what=what, why=why) if why else ""
        if sentence == self._reported:
            return []
        self._reported = sentence
        if not sentence:
            return [Source(t_s, CAPACITY, "ok")]
        if celsius is not None and band is not Band.GREEN:
            sentence = Sentence("reduced_at", what=what, why=why, celsius=celsius)
        return [Source(t_s, CAPACITY, "lost" if band is Band.DANGER else "absent", sentence)]


def _reason(band: Band, busy: bool) -> str:
    """Why work is shed; empty when it is not."""
    name = band.name.lower()
    if band is Band.GREEN:
        return Sentence("too_busy") if busy else ""
    return Sentence("too_hot_and_busy", band=name) if busy else Sentence("too_hot", band=name)


class Degradation:
    """Adapts sources and perception stages to heat and load once a second, in the deciding thread."""

    def __init__(
        self, config: Config, health: RunCounters, sources: LiveSources, perception: PerceptionStages, report: Report
    ) -> None:
        self._health, self._sources, self._perception, self._report = health, sources, perception, report
        self._thermometer, self._bands, self._shedding = Thermometer(), ThermalBands(config.thermal), Shedding()
        self._frames = self._came = self._seen = 0
        self._last_s = 0.0

    def step(self, t_s: float) -> None:
        """Measure temperature and rates, choose the workload, apply it and report changes."""
        health, elapsed_s = self._health, t_s - self._last_s
        delivered_hz = (health.frames - self._frames) / elapsed_s
        health.camera_hz += _OF_LATE * (delivered_hz - health.camera_hz) if self._frames else delivered_hz
        self._frames, seen = health.frames, health.frames_seen
        came = health.frames - health.frames_shed if seen else 0  # the first frame may take long: not an overload
        came_hz, seen_hz = (came - self._came) / elapsed_s, (seen - self._seen) / elapsed_s
        self._came, self._seen, self._last_s = came, seen, t_s
        band = self._bands.step(t_s, self._thermometer.celsius())
        reports = self._shedding.step(t_s, band, self._bands.celsius, came_hz, seen_hz)
        workload = self._shedding.workload
        self._sources.pace.most_hz = workload.most_hz
        self._perception.expressions, self._perception.words = workload.expressions, workload.words
        health.celsius, health.band, health.shed = self._bands.celsius, band.name.lower(), workload.shed
        for source in reports:
            self._report(source)
