"""What the box does less of when hot or too busy: pictures first, then expressions, then words; never the eyes."""

from __future__ import annotations

from dataclasses import dataclass

from edge.messages import Source
from edge.runtime.thermal import Band

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
class Diet:
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
        rate = () if self.most_hz is None else (f"at most {self.most_hz:.0f} pictures a second",)
        return (*rate, *(() if self.expressions else ("no expressions",)), *(() if self.words else ("no words",)))


HEAT: dict[Band, Diet] = {
    Band.GREEN: Diet(),
    Band.YELLOW: Diet(most_hz=15.0),
    Band.RED: Diet(most_hz=LEAST_HZ, expressions=False),
    Band.DANGER: Diet(most_hz=LEAST_HZ, expressions=False, words=False),
}
LOAD: tuple[Diet, ...] = (Diet(), Diet(expressions=False), Diet(expressions=False, words=False))
"""Under load the newest picture wins, so the rate has already fallen by itself."""


class Shedding:
    """Bands and rates in; a diet, and a word at each change, out. Time is an argument."""

    def __init__(self) -> None:
        self.diet = Diet()
        self._rung = 0
        self._asked: tuple[int, float] | None = None
        """One rung more or less, and since when the load asks for it."""
        self._told = ""

    def step(self, t_s: float, band: Band, celsius: float | None, came_hz: float, seen_hz: float) -> list[Source]:
        """One look: `came_hz` pictures a second were meant for vision of late, `seen_hz` went through it."""
        self._climb(t_s, came_hz, seen_hz)
        heat, load = HEAT[band], LOAD[self._rung]
        self.diet = Diet(heat.most_hz, heat.expressions and load.expressions, heat.words and load.words)
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
        reasons = [] if band is Band.GREEN else [f"the box is hot ({band.name.lower()})"]
        reasons += ["vision cannot keep up"] if self._rung else []
        told = f"{', '.join(self.diet.described)}: {' and '.join(reasons)}" if reasons else ""
        if told == self._told:
            return []
        self._told = told
        if not told:
            return [Source(t_s, CAPACITY, "ok")]
        hot = f", {celsius:.0f} °C" if celsius is not None and band is not Band.GREEN else ""
        return [Source(t_s, CAPACITY, "lost" if band is Band.DANGER else "absent", told + hot)]


class Pace:
    """Lets at most so many pictures a second through, evenly."""

    def __init__(self) -> None:
        self.most_hz: float | None = None
        self._due_s = 0.0

    def admits(self, t_s: float) -> bool:
        """Whether the picture of `t_s` is taken; a quarter of the interval early is on time, for cameras jitter."""
        if self.most_hz is None:
            return True
        interval_s = 1.0 / self.most_hz
        if t_s < self._due_s - interval_s / 4:
            return False
        self._due_s = max(self._due_s + interval_s, t_s)
        return True
