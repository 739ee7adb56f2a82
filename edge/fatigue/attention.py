"""Attention: where straight ahead is, how long one person looks away from it, and the level that follows.

Straight ahead is the yaw and pitch to the camera of a person who watches the road. It depends on how the camera is
mounted more than on the person, so the next face begins with the direction of the last one.

A measured pose is enough: a head that is turned too far for its eyes to be judged looks away. Eyes may look away
without the head, and lids that sink with the gaze look down. A face that is lost while it looks away counts as away
for a while. Closed eyes belong to fatigue, not to attention. A face without a pose is otherwise unknown and not
counted.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from edge.config.decision import AttentionConfig
from edge.fatigue.eyelid_spans import BRIDGE_S
from edge.messages import Level

SAMPLE_S = 0.1
"""Least spacing of the samples from which straight ahead is learned."""
YAW_WITHIN_DEG = (-45.0, 45.0)
PITCH_WITHIN_DEG = (-30.0, 10.0)
"""Straight ahead is always within these limits, however long a person looks elsewhere. A camera stands beside the line
of the road or below the face; a head that is bent down by more reads a telephone."""
ADAPT_S = 360.0
"""Time constant of later changes (openpilot keeps six minutes of samples)."""
STEADY_DEG = 6.0
"""Samples belong to one direction if their median distance from their median is less; people who drive have 1 to 3."""
MOVED_S = 60.0
"""A driver does not look elsewhere for a minute: the camera was moved, or another driver sits in another way."""
_MOVED_SHARE = 0.8
_LEAST_HZ = 4.0
"""With fewer samples a second, a minute is not evaluated."""
_LOOK_S = 1.0

Angles = tuple[float, float]
"""Yaw and pitch in degrees."""
CAUSES: dict[str, Level] = {
    "learning": Level.NONE,
    "unknown": Level.NONE,
    "head_only": Level.NONE,
    "glance": Level.ADVISORY,
    "long_glance": Level.WARNING,
    "many_glances": Level.WARNING,
    "not_attending": Level.CRITICAL,
}
"""Every cause with the level that it raises, the gravest last. The first three say what is missing: straight ahead is
not learned yet (only looks far aside count); attention is unknown; the eyes are hidden or too unsteady (the head alone
is judged)."""
TOLERANCE_S = 0.3
"""Shorter looks back do not end a look away (Regulation (EU) 2023/2590)."""
LOST_AWAY_S = 10.0
"""A face that was lost while it looked away counts as away for this long; by then the missing face is reported."""
PRIOR_HEAD_DEG = (38.0, 22.0)
"""Before straight ahead is learned only a head further from the camera's axis, as measured, is away: a camera stands up
to 35 degrees aside (docs/bus.md), and openpilot takes 25.7 degrees of pitch before its calibration. The mesh measures
0.8 of a turn, so these are 28 and 20.6 degrees; a driver filmed from above (cab_1.avi) bends 17 in the first seconds.
The gaze is not used until then: the same driver watches the road with eyes turned by 45 degrees to the camera."""
_HEAD_ONLY_S = 2.0
"""Without a gaze for this long, the head alone is judged."""


@dataclass(frozen=True, slots=True)
class StraightAhead:
    """Straight ahead of head and gaze, in degrees to the camera's axis; None where it is not learned."""

    head: Angles | None = None
    gaze: Angles | None = None


class DirectionBaseline:
    """One direction, of head or gaze: a median at first, then slowly followed."""

    def __init__(self, learn_s: float, known: Angles | None = None) -> None:
        """`known` is what this camera's last driver had; the median of this one replaces it."""
        self._learn_s = learn_s
        self._samples: list[Angles] = []
        self._own = False
        self._seen_s = 0.0
        self._last_s = float("-inf")
        self._recent: deque[tuple[float, Angles, bool]] = deque()
        self._looked_s = float("-inf")
        self.learned = known
        """Yaw and pitch to the camera in degrees; None before enough was seen."""
        self.steady = known is not None
        """Whether it is learned from samples of one direction; a gaze measured from far aside is unsteady."""

    def observe(self, t_s: float, angles: Angles, away: bool) -> None:
        """Add one frame of a driver with open eyes; looks away only show whether the camera was moved."""
        passed_s = t_s - self._last_s
        if passed_s < SAMPLE_S - 1e-6:
            return
        self._last_s = t_s
        passed_s = passed_s if passed_s <= BRIDGE_S else 0.0
        self._recent.append((t_s, angles, away))
        while self._recent[0][0] < t_s - MOVED_S:
            self._recent.popleft()
        if away:
            self._check_moved(t_s)
        elif not self._own:
            self._seen_s += passed_s
            self._samples.append(angles)
            self._learn()
        elif self.learned is not None:
            share = passed_s / ADAPT_S
            self.learned = _clamped(
                tuple(old + share * (new - old) for old, new in zip(self.learned, angles, strict=True))
            )

    def turned(self, angles: Angles) -> Angles:
        """Yaw and pitch from straight ahead, or from the camera's axis while that is not learned."""
        yaw, pitch = self.learned or (0.0, 0.0)
        return angles[0] - yaw, angles[1] - pitch

    def _learn(self) -> None:
        """Learn after `learn_s`; unsteady samples are taken after twice that time, and again until they are steady."""
        if self._seen_s < self._learn_s - 1e-6:
            return
        middle, spread_deg = _middle(self._samples)
        if spread_deg <= STEADY_DEG or self._seen_s >= 2 * self._learn_s:
            self.learned, self.steady = _clamped(middle), spread_deg <= STEADY_DEG
            self._own, self._seen_s = self.steady, 0.0
            self._samples.clear()

    def _check_moved(self, t_s: float) -> None:
        if t_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = t_s
        elsewhere = [angles for _, angles, away in self._recent if away]
        seldom = len(self._recent) < _LEAST_HZ * MOVED_S or t_s - self._recent[0][0] < MOVED_S - _LOOK_S
        if seldom or len(elsewhere) < _MOVED_SHARE * len(self._recent):
            return
        middle, spread_deg = _middle(elsewhere)
        if spread_deg <= STEADY_DEG and _clamped(middle) == middle:
            self.learned = middle
            self._recent.clear()


def _middle(samples: Iterable[Angles]) -> tuple[Angles, float]:
    """The median, and the median distance from it in degrees, across and down together."""
    yaws, pitches = (list(angles) for angles in zip(*samples, strict=True))
    yaw, pitch = statistics.median(yaws), statistics.median(pitches)
    spread = [max(abs(y - yaw), abs(p - pitch)) for y, p in zip(yaws, pitches, strict=True)]
    return (yaw, pitch), statistics.median(spread)


def _clamped(angles: Iterable[float]) -> Angles:
    yaw, pitch = angles
    return (
        min(max(yaw, YAW_WITHIN_DEG[0]), YAW_WITHIN_DEG[1]),
        min(max(pitch, PITCH_WITHIN_DEG[0]), PITCH_WITHIN_DEG[1]),
    )


@dataclass(frozen=True, slots=True)
class AttentionState:
    """Where one person looks at one time; angles from straight ahead."""

    level: Level = Level.NONE
    causes: tuple[str, ...] = ("unknown",)
    away: bool = False
    """Whether this frame is away; an alert begins or rises only in such a frame."""
    away_s: float = 0.0
    away_30_s: float = 0.0
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    gaze_yaw_deg: float | None = None
    gaze_pitch_deg: float | None = None


class AttentionPolicy:
    """Adds up looks away for one person."""

    def __init__(self, config: AttentionConfig, ahead: StraightAhead | None = None) -> None:
        """`ahead` is straight ahead of this camera's last driver."""
        known = ahead or StraightAhead()
        self._config = config
        self._head_ahead = DirectionBaseline(config.learn_s, known.head)
        self._gaze_ahead = DirectionBaseline(config.learn_s, known.gaze)
        self._away = False
        self._last_s: float | None = None
        self._posed_s = self._gazed_s = -math.inf
        self._away_from_s: float | None = None
        self._road_from_s: float | None = None
        self._away_spans: deque[tuple[float, float]] = deque()
        self._glance = ""
        self._many = False
        self.look = AttentionState()

    @property
    def ahead(self) -> StraightAhead:
        """Straight ahead as learned by now."""
        return StraightAhead(self._head_ahead.learned, self._gaze_ahead.learned)

    def step(self, t_s: float, head: Angles, gaze: Angles | None, lowered: bool = False) -> AttentionState:
        """Add one measured pose and gaze; `lowered`: lids that follow the gaze down hide it."""
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

    def miss(self, t_s: float) -> AttentionState:
        """Let time pass without a pose: away stays away for `LOST_AWAY_S`; otherwise unknown after `lost_s`."""
        lost_s = t_s - self._posed_s
        if self._away and lost_s < LOST_AWAY_S:
            self._follow(t_s, away=True)
            return self._tell(t_s, (None, None), (None, None))
        if lost_s >= self._config.lost_s:
            self.rest()
        return self.look

    def rest(self) -> AttentionState:
        """Forget what was added up: the person is out of sight, or the vehicle stands and looks away do not matter."""
        self._away_from_s = self._road_from_s = self._last_s = None
        self._away = self._many = False
        self._glance = ""
        self._away_spans.clear()
        self.look = AttentionState()
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

    def _tell(self, t_s: float, head: Angles | tuple[None, None], gaze: Angles | tuple[None, None]) -> AttentionState:
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
        self.look = AttentionState(level, tuple(causes), self._away, away_s, many_s, *head, *gaze)
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
    """How far away, 1 at the limit: aside and down add up as in a right-angled triangle; up does not count."""
    return math.hypot(angles[0] / limits[0], max(angles[1], 0.0) / limits[1])
