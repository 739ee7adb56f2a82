"""Attention: how long one person looks away from straight ahead, and the level that follows.

A head that is turned too far for its eyes to be judged still looks away: its pose is measured. Eyes may look away
without the head. Closed eyes look nowhere; they are fatigue's matter. What has no pose is unknown and counts for
nothing.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass

from edge.config.understanding import AttentionConfig
from edge.fatigue.lids import BRIDGE_S
from edge.messages import Level

CAUSES: dict[str, Level] = {
    "learning": Level.NONE,
    "unknown": Level.NONE,
    "glance": Level.ADVISORY,
    "long_glance": Level.WARNING,
    "many_glances": Level.WARNING,
    "not_attending": Level.CRITICAL,
}
"""Every cause with the level that it raises, the gravest last; the first two say why there is no judgement."""
SAMPLE_S = 0.1
"""Least spacing of the samples from which straight ahead is learned."""
YAW_WITHIN_DEG = (-30.0, 30.0)
PITCH_WITHIN_DEG = (-30.0, 10.0)
"""No straight ahead outside these, however long somebody looks there: a camera stands beside the road's line or below
the face, but a head bent down by more reads a telephone."""
ADAPT_S = 360.0
"""Time constant of later changes (openpilot keeps six minutes of samples)."""
TOLERANCE_S = 0.3
"""A look back that is shorter does not end a look away (Regulation (EU) 2023/2590)."""


Angles = tuple[float, float]
"""Yaw and pitch in degrees."""


class StraightAhead:
    """One person's yaw and pitch, of head or gaze, while driving: a median at first, then slowly followed."""

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._samples: list[tuple[float, float]] = []
        self._seen_s = 0.0
        self._last_s = float("-inf")
        self.learned: Angles | None = None
        """Yaw and pitch to the camera in degrees; None before enough was seen."""

    def observe(self, t_s: float, yaw_deg: float, pitch_deg: float, away: bool) -> None:
        """Take in one frame of open eyes; once learned, looks away change nothing."""
        passed_s = t_s - self._last_s
        if passed_s < SAMPLE_S - 1e-6:
            return
        self._last_s = t_s
        self._seen_s += passed_s if passed_s <= BRIDGE_S else 0.0
        if self.learned is None:
            self._samples.append((yaw_deg, pitch_deg))
            if self._seen_s >= self._learn_s - 1e-6:
                yaw, pitch = (statistics.median(angles) for angles in zip(*self._samples, strict=True))
                self.learned = _clamped(yaw, pitch)
                self._samples.clear()
        elif not away:
            yaw, pitch = self.learned
            share = min(passed_s, BRIDGE_S) / ADAPT_S
            self.learned = _clamped(yaw + share * (yaw_deg - yaw), pitch + share * (pitch_deg - pitch))

    def turned(self, yaw_deg: float, pitch_deg: float) -> Angles | None:
        """Yaw and pitch from straight ahead; None while that is not learned."""
        return None if self.learned is None else (yaw_deg - self.learned[0], pitch_deg - self.learned[1])


@dataclass(frozen=True, slots=True)
class Look:
    """What is known about where somebody looks at `t_s`; angles from straight ahead, None while not learned."""

    level: Level = Level.NONE
    causes: tuple[str, ...] = ("learning",)
    away_s: float = 0.0
    away_30_s: float = 0.0
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    gaze_yaw_deg: float | None = None
    gaze_pitch_deg: float | None = None


class AttentionPolicy:
    """Adds up looks away for one person."""

    def __init__(self, config: AttentionConfig) -> None:
        self._config = config
        self._ahead = StraightAhead(config.learn_s)
        self._gaze_ahead = StraightAhead(config.learn_s)
        self._away = False
        self._last_s: float | None = None
        self._away_from_s: float | None = None
        self._road_from_s: float | None = None
        self._away_spans: deque[tuple[float, float]] = deque()
        self._glance = ""
        self._many = False
        self.look = Look()

    def step(self, t_s: float, head: Angles, gaze: Angles | None, open_eyes: bool) -> Look:
        """Take in one measured pose, and where the eyes look; `open_eyes`: they were judged here, and not closed."""
        turned = self._ahead.turned(*head)
        looking = self._gaze_ahead.turned(*gaze) if gaze is not None else None
        away = turned is not None and self._is_away(turned, looking)
        if open_eyes:
            self._ahead.observe(t_s, *head, away)
            if gaze is not None:
                self._gaze_ahead.observe(t_s, *gaze, away)
        if turned is None:
            self.look = Look()
            return self.look
        self._follow(t_s, away)
        return self._tell(t_s, turned, looking or (None, None))

    def miss(self, t_s: float) -> Look:
        """Let time pass without a pose; attention becomes unknown after `lost_s`."""
        if self._last_s is not None and t_s - self._last_s >= self._config.lost_s:
            self._forget()
            self.look = Look(causes=("unknown",))
        return self.look

    def _is_away(self, head: Angles, gaze: Angles | None) -> bool:
        config, share = self._config, self._config.exit_share if self._away else 1.0
        turned = abs(head[0]) > share * config.yaw_deg or head[1] > share * config.pitch_deg
        if gaze is None:
            return turned
        return turned or abs(gaze[0]) > share * config.gaze_yaw_deg or gaze[1] > share * config.gaze_pitch_deg

    def _follow(self, t_s: float, away: bool) -> None:
        last_s, was = self._last_s, self._away
        self._last_s, self._away = t_s, away
        turned_s = t_s
        if last_s is None or t_s - last_s > BRIDGE_S:
            self._away_from_s = self._road_from_s = None
        else:
            turned_s = (last_s + t_s) / 2 if away != was else t_s
            if away or was:
                self._away_spans.append((last_s if was else turned_s, t_s if away else turned_s))
        while self._away_spans and self._away_spans[0][1] <= t_s - self._config.cumulative_window_s:
            self._away_spans.popleft()
        if away:
            self._road_from_s = None
            self._away_from_s = turned_s if self._away_from_s is None else self._away_from_s
            return
        self._road_from_s = turned_s if self._road_from_s is None else self._road_from_s
        if t_s - self._road_from_s >= TOLERANCE_S:
            self._away_from_s = None
        if t_s - self._road_from_s >= self._config.back_s - 1e-6:
            self._away_spans.clear()
            self._glance, self._many = "", False

    def _tell(self, t_s: float, head: Angles, gaze: Angles | tuple[None, None]) -> Look:
        config = self._config
        away_s = 0.0 if self._away_from_s is None else t_s - self._away_from_s
        many_s = sum(end_s - max(start_s, t_s - config.cumulative_window_s) for start_s, end_s in self._away_spans)
        limits = (
            ("not_attending", config.critical_s),
            ("long_glance", config.warning_s),
            ("glance", config.advisory_s),
        )
        reached = next((name for name, limit_s in limits if away_s >= limit_s - 1e-6), "")
        if reached and (not self._glance or CAUSES[reached] > CAUSES[self._glance]):
            self._glance = reached
        self._many = self._many or many_s >= config.cumulative_s - 1e-6
        causes = [name for name, active in ((self._glance, self._glance), ("many_glances", self._many)) if active]
        causes.sort(key=list(CAUSES).index)
        level = max((CAUSES[cause] for cause in causes), default=Level.NONE)
        self.look = Look(level, tuple(causes), away_s, many_s, *head, *gaze)
        return self.look

    def _forget(self) -> None:
        self._away_from_s = self._road_from_s = self._last_s = None
        self._away = self._many = False
        self._glance = ""
        self._away_spans.clear()


def _clamped(yaw_deg: float, pitch_deg: float) -> Angles:
    return (
        min(max(yaw_deg, YAW_WITHIN_DEG[0]), YAW_WITHIN_DEG[1]),
        min(max(pitch_deg, PITCH_WITHIN_DEG[0]), PITCH_WITHIN_DEG[1]),
    )
