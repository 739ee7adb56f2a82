"""Attention: how long one person looks away from straight ahead, and the level that follows.

A measured pose is enough: a head turned too far for its eyes to be judged looks away all the more. Eyes may look away
without the head, and lids that sink with the gaze look down. A face that is lost while it looks away still looks
away, for a while. Closed eyes look nowhere; they are fatigue's matter. What else has no pose is unknown and counts for
nothing.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from edge.config.decision import AttentionConfig
from edge.fatigue.ahead import Ahead, Angles, StraightAhead
from edge.fatigue.lids import BRIDGE_S
from edge.messages import Level

CAUSES: dict[str, Level] = {
    "learning": Level.NONE,
    "unknown": Level.NONE,
    "head_only": Level.NONE,
    "glance": Level.ADVISORY,
    "long_glance": Level.WARNING,
    "many_glances": Level.WARNING,
    "not_attending": Level.CRITICAL,
}
"""Every cause with the level that it raises, the gravest last. The first three say what the judgement lacks: straight
ahead is not learned yet and only looks far aside count, there is no judgement, the eyes are hidden or too unsteady and
the head alone is judged."""
TOLERANCE_S = 0.3
"""A look back that is shorter does not end a look away (Regulation (EU) 2023/2590)."""
LOST_AWAY_S = 10.0
"""A face that was lost while it looked away counts as away for so long; by then it is told that nobody is seen."""
PRIOR_HEAD_DEG = (45.0, 25.7)
"""Before straight ahead is learned only a head further from the camera's axis is away: a camera stands up to 35 degrees
aside (docs/bus.md), and openpilot takes 0.449 rad of pitch before its calibration. The gaze says nothing until then: a
driver filmed from the side (cab_1.avi) watches the road with eyes turned by 45 degrees to the camera."""
_HEAD_ONLY_S = 2.0
"""Without a gaze for this long the head alone is judged."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is known about where somebody looks at `t_s`; angles from straight ahead."""

    level: Level = Level.NONE
    causes: tuple[str, ...] = ("unknown",)
    away: bool = False
    """Whether this very frame is away; nothing begins or rises in another."""
    away_s: float = 0.0
    away_30_s: float = 0.0
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    gaze_yaw_deg: float | None = None
    gaze_pitch_deg: float | None = None


class AttentionPolicy:
    """Adds up looks away for one person."""

    def __init__(self, config: AttentionConfig, ahead: Ahead | None = None) -> None:
        """`ahead` is what this camera's last driver had."""
        known = ahead or Ahead()
        self._config = config
        self._head_ahead = StraightAhead(config.learn_s, known.head)
        self._gaze_ahead = StraightAhead(config.learn_s, known.gaze)
        self._away = False
        self._last_s: float | None = None
        self._posed_s = self._gazed_s = -math.inf
        self._away_from_s: float | None = None
        self._road_from_s: float | None = None
        self._away_spans: deque[tuple[float, float]] = deque()
        self._glance = ""
        self._many = False
        self.look = Look()

    @property
    def ahead(self) -> Ahead:
        """Straight ahead as learned by now."""
        return Ahead(self._head_ahead.learned, self._gaze_ahead.learned)

    def step(self, t_s: float, head: Angles, gaze: Angles | None, lowered: bool = False) -> Look:
        """Take in one measured pose and where the eyes look; `lowered`: lids that follow the gaze down hide it."""
        turned = self._head_ahead.turned(head)
        looking = self._gaze_ahead.turned(gaze) if gaze is not None else None
        away = lowered or self._is_away(turned, looking)
        if not lowered:
            self._head_ahead.observe(t_s, head, away)
            if gaze is not None:
                self._gaze_ahead.observe(t_s, gaze, away)
        self._posed_s = t_s
        if lowered or (gaze is not None and (self._gaze_ahead.steady or self._gaze_ahead.learned is None)):
            self._gazed_s = t_s
        self._follow(t_s, away)
        return self._tell(t_s, turned, looking or (None, None))

    def miss(self, t_s: float) -> Look:
        """Let time pass without a pose: who was away stays away for `LOST_AWAY_S`; else unknown after `lost_s`."""
        lost_s = t_s - self._posed_s
        if self._away and lost_s < LOST_AWAY_S:
            self._follow(t_s, away=True)
            return self._tell(t_s, (None, None), (None, None))
        if lost_s >= self._config.lost_s:
            self.rest()
        return self.look

    def rest(self) -> Look:
        """Forget what was added up: nobody is in sight, or the vehicle stands and all may look where they like."""
        self._away_from_s = self._road_from_s = self._last_s = None
        self._away = self._many = False
        self._glance = ""
        self._away_spans.clear()
        self.look = Look()
        return self.look

    def _is_away(self, head: Angles, gaze: Angles | None) -> bool:
        config, share = self._config, self._config.exit_share if self._away else 1.0
        if self._head_ahead.learned is None:
            return abs(head[0]) > PRIOR_HEAD_DEG[0] or head[1] > PRIOR_HEAD_DEG[1]
        if _beyond(head, (config.yaw_deg, config.pitch_deg)) > share:
            return True
        if gaze is None or not self._gaze_ahead.steady:
            return False
        return _beyond(gaze, (config.gaze_yaw_deg, config.gaze_pitch_deg)) > share

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

    def _tell(self, t_s: float, head: Angles | tuple[None, None], gaze: Angles | tuple[None, None]) -> Look:
        config = self._config
        away_s = 0.0 if self._away_from_s is None else t_s - self._away_from_s
        many_s = sum(end_s - max(start_s, t_s - config.cumulative_window_s) for start_s, end_s in self._away_spans)
        if self._away:
            self._rise(away_s, many_s)
        causes = [name for name, active in ((self._glance, self._glance), ("many_glances", self._many)) if active]
        if self._head_ahead.learned is None:
            causes.append("learning")
        elif t_s - self._gazed_s > _HEAD_ONLY_S:
            causes.append("head_only")
        causes.sort(key=list(CAUSES).index)
        level = max((CAUSES[cause] for cause in causes), default=Level.NONE)
        self.look = Look(level, tuple(causes), self._away, away_s, many_s, *head, *gaze)
        return self.look

    def _rise(self, away_s: float, many_s: float) -> None:
        config = self._config
        limits = (
            ("not_attending", config.critical_s),
            ("long_glance", config.warning_s),
            ("glance", config.advisory_s),
        )
        reached = next((name for name, limit_s in limits if away_s >= limit_s - 1e-6), "")
        if reached and (not self._glance or CAUSES[reached] > CAUSES[self._glance]):
            self._glance = reached
        self._many = self._many or many_s >= config.cumulative_s - 1e-6


def _beyond(angles: Angles, limits: Angles) -> float:
    """How far away, 1 at the limit: aside and down add up like the sides of a right angle; up does not count."""
    return math.hypot(angles[0] / limits[0], max(angles[1], 0.0) / limits[1])
