"""A driver's lids, mouth and head as functions of time, and what the box makes of them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from edge.alerts.engine import AlertEngine
from edge.config.decision import AlertsConfig, FatigueConfig
from edge.fatigue.monitor import FatigueMonitor
from edge.messages import Alert, Face, Fatigue, Level, Message, Reason

FALL_S, RISE_S = 0.08, 0.15
"""How long a lid takes to fall and to rise."""


@dataclass
class Driver:
    """Says what the camera measures at any moment; build the drive with the methods, then take its `faces`."""

    open: float = 0.31
    shut: float = 0.06
    noise: float = 0.008
    pitch_noise_deg: float = 0.7
    seed: int = 1
    track: int = 1
    closures: list[tuple[float, float, float]] = field(default_factory=list)
    hidden: list[tuple[float, float, Reason]] = field(default_factory=list)
    turns: list[tuple[float, float, float, float]] = field(default_factory=list)
    mouths: list[tuple[float, float, float, float]] = field(default_factory=list)
    looks: list[tuple[float, float, float, float]] = field(default_factory=list)
    glances: list[tuple[float, float, float, float]] = field(default_factory=list)
    laughs: list[tuple[float, float]] = field(default_factory=list)
    straight_deg: tuple[float, float] = (0.0, 0.0)
    """Yaw and pitch to the camera while looking ahead."""
    box: tuple[float, float, float, float] = (200.0, 120.0, 180.0, 180.0)

    def closes(self, at_s: float, for_s: float, depth: float = 1.0) -> Driver:
        self.closures.append((at_s, at_s + for_s, depth))
        return self

    def blinks(self, from_s: float, until_s: float, every_s: float = 3.5, for_s: float = 0.1) -> Driver:
        rng, at_s = random.Random(self.seed), from_s + every_s
        while at_s < until_s:
            if not any(start - 1.0 < at_s < end + 1.0 for start, end, _ in self.closures):
                self.closes(at_s, for_s)
            at_s += rng.uniform(0.6, 1.4) * every_s
        return self

    def droops(self, from_s: float, until_s: float, depth: float) -> Driver:
        """Half-shut lids: `depth` 0 is open, 1 shut."""
        return self.closes(from_s, until_s - from_s, depth)

    def hides(self, at_s: float, for_s: float, reason: Reason) -> Driver:
        self.hidden.append((at_s, at_s + for_s, reason))
        return self

    def lowers_head(self, at_s: float, for_s: float, by_deg: float, within_s: float = 0.4) -> Driver:
        self.turns.append((at_s, at_s + for_s, by_deg, within_s))
        return self

    def looks_aside(self, at_s: float, for_s: float, yaw_deg: float, within_s: float = 0.25) -> Driver:
        """Past 50 degrees the eyes can no longer be judged, as `edge.vision.usable_eyes` has it."""
        self.looks.append((at_s, at_s + for_s, yaw_deg, within_s))
        return self

    def glances_at(self, at_s: float, for_s: float, yaw_deg: float, within_s: float = 0.1) -> Driver:
        """With the eyes alone."""
        self.glances.append((at_s, at_s + for_s, yaw_deg, within_s))
        return self

    def laughs_at(self, at_s: float, for_s: float) -> Driver:
        self.laughs.append((at_s, at_s + for_s))
        return self.opens_mouth(at_s, for_s, 0.5, 0.3)

    def loses_frames(self, share: float, until_s: float, seed: int = 5) -> Driver:
        """That share of moments of 1/30 s is unusable at random."""
        rng = random.Random(seed)
        for index in range(round(until_s * 30)):
            if rng.random() < share:
                self.hides(index / 30 - 0.01, 1 / 30, Reason.BLURRED)
        return self

    def opens_mouth(self, at_s: float, for_s: float, to: float, within_s: float) -> Driver:
        self.mouths.append((at_s, at_s + for_s, to, within_s))
        return self

    def sings(self, from_s: float, until_s: float, beat_s: float = 0.55) -> Driver:
        at_s = from_s
        while at_s < until_s:
            self.opens_mouth(at_s, 0.7 * beat_s, 0.55, 0.12)
            at_s += beat_s
        return self

    def faces(self, fps: float, until_s: float) -> Iterator[Face]:
        rng = random.Random(self.seed)
        for index in range(round(until_s * fps)):
            yield self.face(index / fps, rng)

    def face(self, t_s: float, rng: random.Random) -> Face:
        reason = next((why for start, end, why in self.hidden if start <= t_s < end), None)
        if reason is Reason.NO_FACE:
            return Face(t_s)
        depth = max((_bump(t_s, a, b, FALL_S, RISE_S) * depth for a, b, depth in self.closures), default=0.0)
        pitch = sum(_bump(t_s, a, b, within, within) * by for a, b, by, within in self.turns)
        mouth = max((_bump(t_s, a, b, within, within) * to for a, b, to, within in self.mouths), default=0.0)
        yaw = sum(_bump(t_s, a, b, within, within) * to for a, b, to, within in self.looks)
        if reason is None and abs(yaw) > 50:
            reason = Reason.TURNED_AWAY
        eyes = sum(_bump(t_s, a, b, within, within) * to for a, b, to, within in self.glances)
        laughing = any(start <= t_s < end for start, end in self.laughs)
        return Face(
            t_s=t_s,
            track=self.track,
            box=self.box,
            usable=reason is None,
            reason=reason,
            eye_opening=self.open + depth * (self.shut - self.open) + rng.gauss(0, self.noise),
            mouth=max(0.03 + mouth + rng.gauss(0, 0.01), 0.0),
            yaw_deg=self.straight_deg[0] + yaw + rng.gauss(0, 0.7),
            pitch_deg=self.straight_deg[1] + pitch + rng.gauss(0, self.pitch_noise_deg),
            roll_deg=0.0,
            gaze_yaw_deg=None if reason else self.straight_deg[0] + yaw + eyes + rng.gauss(0, 2.0),
            gaze_pitch_deg=None if reason else self.straight_deg[1] + pitch + rng.gauss(0, 2.0),
            expression={"happy": 0.9 if laughing else 0.1},
        )


def _bump(t_s: float, start_s: float, end_s: float, fall_s: float, rise_s: float) -> float:
    """0 outside, 1 between start and end, eased before and after."""
    if not start_s - fall_s < t_s < end_s + rise_s:
        return 0.0
    if t_s < start_s:
        return _ease(1 - (start_s - t_s) / fall_s)
    return 1.0 if t_s <= end_s else _ease(1 - (t_s - end_s) / rise_s)


def _ease(x: float) -> float:
    return 0.5 - 0.5 * math.cos(math.pi * min(max(x, 0.0), 1.0))


@dataclass
class Drive:
    """All that the box said about a drive."""

    messages: list[Message]
    alerts: list[Alert]

    def new(self, kind: str | None = None) -> list[Alert]:
        return [a for a in self.alerts if a.type == "new" and kind in (None, a.alert)]

    def told(self, kind: str) -> list[Alert]:
        return [a for a in self.alerts if a.alert == kind]

    def of(self, kind: str) -> list[Message]:
        return [m for m in self.messages if m.kind == kind]

    def fatigue_at(self, t_s: float) -> Fatigue:
        return [m for m in self.messages if isinstance(m, Fatigue) and m.t_s <= t_s][-1]


def watch(
    faces: Iterator[Face] | list[Face],
    fatigue: FatigueConfig | None = None,
    alerts: AlertsConfig | None = None,
) -> Drive:
    """Let the box watch a drive, to its end."""
    monitor = FatigueMonitor(fatigue or FatigueConfig())
    engine = AlertEngine(alerts or AlertsConfig(), session="drive")
    drive, t_s = Drive([], []), 0.0

    def take(messages: list[Message]) -> None:
        for message in messages:
            drive.messages.append(message)
            drive.alerts += engine.step(message)

    for face in faces:
        t_s = face.t_s
        take(monitor.step(face))
    take(monitor.finish(t_s))
    drive.alerts += engine.finish(t_s)
    return drive


RATES_FPS = (30.0, 15.0, 8.0)
every_rate = pytest.mark.parametrize("fps", RATES_FPS)


def told_at_every_rate(
    make: Callable[[], Driver], until_s: float, within_s: float = 0.5
) -> list[tuple[str, str, Level, float]]:
    """Kind, type, level and time of each step at 30 fps; the other rates must tell the same within `within_s`."""
    fast, *slower = (steps(watch(make().faces(fps, until_s))) for fps in RATES_FPS)
    for other in slower:
        assert [step[:3] for step in other] == [step[:3] for step in fast]
        assert all(abs(step[3] - same[3]) <= within_s for step, same in zip(other, fast, strict=True))
    return fast


def steps(drive: Drive) -> list[tuple[str, str, Level, float]]:
    """New, changes of level and end, each alert's steps together."""
    told: list[tuple[str, str, Level, float]] = []
    for id_ in dict.fromkeys(alert.id for alert in drive.alerts):
        level = None
        for alert in (alert for alert in drive.alerts if alert.id == id_):
            if alert.type != "update" or alert.level != level:
                told.append((alert.alert, alert.type, alert.level, alert.t_s))
            level = alert.level
    return told


def steps_of(drive: Drive, kind: str) -> list[tuple[str, Level, float]]:
    """The steps of the alerts of one kind."""
    return [(type_, level, t_s) for alert, type_, level, t_s in steps(drive) if alert == kind]
