"""The measurements that a camera would give of a driver with known gaze angles, and the box that watches the driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.attention.gaze_targets import Target
from benchmarks.fatigue.drivers.face_stream import GAZE_NOISE_DEG, LEAST_GAP, MOUTH_AT_REST, STEP_S
from benchmarks.fatigue.drivers.habits import FALL_S, RISE_S
from benchmarks.fatigue.drivers.people import MOUTH_NOISE
from benchmarks.fatigue.drivers.script import Floats, Move, Spell, added
from edge.config import Config
from edge.fatigue.eye_baseline import IRIS_PRIOR
from edge.messages import Alert, Box, EyeReading, Face, Level, Reason, Speed
from edge.runtime.decision_stages import DecisionStages
from edge.status import SystemStatus
from edge.vision.geometry import OPEN_GAP, SHUT_GAP, HeadPose
from edge.vision.usable_eyes import turned_away

LID_LAWS_DEG = (50.0, 75.0, 118.0)
"""By how many degrees the eyes turn down in the head until the lids that follow them would meet: 0.85 % of the opening
a degree in the literature (118), and two that are harder to tell from shut eyes."""
RATES_FPS = (30.0, 15.0, 8.0)
HEAD_NOISE_DEG, LID_NOISE = 0.7, 0.006
"""Twice what clips have."""
HEAD_SEEN = 0.8
"""Of a turn of the head so much is measured (the page, second table)."""
SHUT_IRIS, IRIS_NOISE = 0.81, 0.03
"""The iris behind shut lids over the usual one, and the noise of a picture (`edge.fatigue.closures`)."""
LOST_DEG = 70.0
"""A head that is turned or bent further to the camera is not found any more (assumed)."""
_WANDER_DEG = (4.0, 1.5)
"""Deviation of the small steps of eyes that watch the road, across and down."""
_TURN_S = 0.25
_BOX: Box = (200.0, 120.0, 180.0, 180.0)


@dataclass(frozen=True, slots=True)
class View:
    """How the camera sees the driver."""

    fps: float = 15.0
    lid_law_deg: float = LID_LAWS_DEG[-1]
    camera_deg: tuple[float, float] = (0.0, 0.0)
    """Yaw and pitch to the camera of a driver who looks ahead."""


@dataclass(slots=True)
class Driver:
    """A drive, written with the methods; `faces` plays any part of it. Times are those of the drive."""

    view: View
    seed: int = 1
    track: int = 1
    box: Box = _BOX
    head_yaw: list[Move] = field(default_factory=list)
    head_pitch: list[Move] = field(default_factory=list)
    eyes_yaw: list[Move] = field(default_factory=list)
    eyes_pitch: list[Move] = field(default_factory=list)
    lids: list[Move] = field(default_factory=list)
    mouth: list[Move] = field(default_factory=list)
    hidden: list[Spell] = field(default_factory=list)

    def turns(self, at_s: float, for_s: float, head: tuple[float, float], eyes: tuple[float, float]) -> Driver:
        """Head and eyes in the head turn together, there from `at_s` on."""
        moves = (self.head_yaw, self.head_pitch, self.eyes_yaw, self.eyes_pitch)
        for where, size in zip(moves, (*head, *eyes), strict=True):
            where.append(Move(at_s, at_s + for_s, size, _TURN_S, _TURN_S))
        return self

    def looks(self, at_s: float, for_s: float, target: Target) -> Driver:
        """Looks at a target."""
        (yaw, pitch), (head_yaw, head_pitch) = target.gaze_deg, target.head_deg
        return self.turns(at_s, for_s, (head_yaw, head_pitch), (yaw - head_yaw, pitch - head_pitch))

    def closes(self, at_s: float, for_s: float) -> Driver:
        """Shuts the eyes."""
        self.lids.append(Move(at_s, at_s + for_s, 1.0, FALL_S, RISE_S))
        return self

    def blinks(self, from_s: float, until_s: float) -> Driver:
        """As people do."""
        rng, at_s = np.random.default_rng(self.seed), from_s
        while (at_s := at_s + rng.uniform(2.0, 5.0)) < until_s:
            self.closes(at_s, 0.05)
        return self

    def hides(self, at_s: float, for_s: float, reason: Reason) -> Driver:
        """Nobody can see the eyes, for a reason."""
        self.hidden.append(Spell(at_s, at_s + for_s, reason))
        return self

    def talks(self, at_s: float, for_s: float, beat_s: float = 0.25) -> Driver:
        """Four syllables a second."""
        for beat in np.arange(at_s, at_s + for_s, beat_s):
            self.mouth.append(Move(beat, beat + 0.05, 0.35, 0.08, 0.1))
        return self

    def faces(self, from_s: float, until_s: float) -> Iterator[Face]:
        """Every frame of a part of the drive."""
        view, rng = self.view, np.random.default_rng((self.seed, round(from_s * 1000)))
        t_s = np.arange(round(from_s * view.fps), round(until_s * view.fps)) / view.fps
        away = np.minimum(np.abs(added(t_s, self.head_yaw)) + np.abs(added(t_s, self.eyes_yaw)), 1.0)
        moves = enumerate((self.head_yaw, self.head_pitch))
        head = [HEAD_SEEN * (view.camera_deg[i] + added(t_s, turns)) for i, turns in moves]
        eyes = [
            added(t_s, moves) + (1 - away) * _steps(rng, t_s, size)
            for moves, size in zip((self.eyes_yaw, self.eyes_pitch), _WANDER_DEG, strict=True)
        ]
        openness, shut = self._openness(t_s, eyes[1])
        iris = IRIS_PRIOR * (1 - (1 - SHUT_IRIS) * shut + rng.normal(0, IRIS_NOISE, len(t_s)))
        gap = SHUT_GAP + openness * (OPEN_GAP - SHUT_GAP) + rng.normal(0, LID_NOISE, len(t_s))
        seen = [angle + rng.normal(0, HEAD_NOISE_DEG, len(t_s)) for angle in head]
        gaze = [turn + angle + rng.normal(0, GAZE_NOISE_DEG, len(t_s)) for turn, angle in zip(seen, eyes, strict=True)]
        lips = MOUTH_AT_REST + added(t_s, self.mouth) + rng.normal(0, MOUTH_NOISE, len(t_s))
        for row in zip(t_s.tolist(), *(a.tolist() for a in (*seen, *gaze, gap, iris, lips)), strict=True):
            yield self._face(*row)

    def _openness(self, t_s: Floats, down_deg: Floats) -> tuple[Floats, Floats]:
        """How far the lids are open, and how far they are shut on purpose: lids that follow a gaze hide no iris."""
        shut = np.zeros_like(t_s)
        for move in self.lids:
            shut = np.maximum(shut, added(t_s, [move]))
        follows = 1 - np.maximum(down_deg, 0) / self.view.lid_law_deg
        return np.maximum(np.minimum(follows, 1 - shut), 0.0), shut

    def _face(
        self,
        t_s: float,
        yaw: float,
        pitch: float,
        gaze_yaw: float,
        gaze_pitch: float,
        gap: float,
        radius: float,
        lips: float,
    ) -> Face:
        reason = next((spell.reason for spell in self.hidden if spell.start_s <= t_s < spell.end_s), None)
        if reason is Reason.NO_FACE or max(abs(yaw), abs(pitch)) > LOST_DEG:
            return Face(t_s, self.track)
        if reason is None and turned_away(HeadPose(yaw, pitch, 0.0)):
            reason = Reason.TURNED_AWAY
        iris = reason is None and gap >= LEAST_GAP
        return Face(
            t_s=t_s,
            track=self.track,
            box=self.box,
            usable=reason is None,
            reason=reason,
            eye_opening=max(gap, 0.0) if reason is None else None,
            eyes=(EyeReading("both", max(gap, 0.0), iris_radius=radius),) if reason is None else (),
            mouth=max(lips, 0.0),
            yaw_deg=yaw,
            pitch_deg=pitch,
            roll_deg=0.0,
            gaze_yaw_deg=gaze_yaw if iris else None,
            gaze_pitch_deg=gaze_pitch if iris else None,
            expression={"happy": 0.05, "neutral": 0.95},
        )


def _steps(rng: np.random.Generator, t_s: Floats, deviation_deg: float) -> Floats:
    if not len(t_s):
        return t_s
    steps = rng.normal(0, deviation_deg, int((t_s[-1] - t_s[0]) / STEP_S) + 1)
    return steps[((t_s - t_s[0]) / STEP_S).astype(int)]


class Cab:
    """The box's judgement as it runs, with everything it tells of the driver."""

    def __init__(self, config: Config) -> None:
        self._decisions = DecisionStages(config, "cab")
        self.alerts: list[Alert] = []

    def drives(self, *drivers: Driver, from_s: float, until_s: float, kmh: float | None = None) -> Cab:
        """Watch a part of the drive, with everybody in the picture, at this speed; None: nobody tells a speed."""
        told_s = -np.inf
        for faces in zip(*(driver.faces(from_s, until_s) for driver in drivers), strict=True):
            t_s = faces[0].t_s
            if kmh is not None and t_s - told_s >= 1.0:
                told_s = t_s
                self._feed(Speed(t_s, kmh))
            visible = [face for face in faces if face.reason is not Reason.NO_FACE]
            self._feed(visible or [replace(faces[0], track=None)])
        return self

    def again(self) -> Cab:
        """Another box that has seen the same, for another course of things."""
        return deepcopy(self, {id(self._decisions.status): SystemStatus()})

    def told(self, kinds: Iterable[str], from_s: float, until_s: float, least: Level = Level.ADVISORY) -> float | None:
        """When the first of these kinds was raised, or rose, to `least` or more; None when none was."""
        seen: dict[str, Level] = {}
        for alert in self.alerts:
            before = seen.get(alert.id, Level.NONE)
            seen[alert.id] = alert.level
            rises = alert.type != "end" and alert.level > before and alert.level >= least
            if rises and alert.alert in kinds and from_s <= alert.t_s <= until_s:
                return alert.t_s
        return None

    def _feed(self, item: Speed | list[Face]) -> None:
        judgement = self._decisions
        messages = judgement.speed(item) if isinstance(item, Speed) else judgement.seen(item, speaking=False)
        self.alerts += [message for message in messages if isinstance(message, Alert)]
