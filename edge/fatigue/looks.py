"""Where one person looks, told: a report a second, and at once when something changes."""

from __future__ import annotations

import dataclasses
import math

from edge.fatigue.ahead import Ahead
from edge.fatigue.attention import AttentionPolicy, Look
from edge.messages import Attention, Face, Level, Message

REPORT_S = 1.0
"""Between reports of a state that does not change, of looks and of fatigue."""


class Looks:
    """Feeds one person's attention with faces, and tells what comes of it."""

    def __init__(self, track: int, t_s: float, policy: AttentionPolicy) -> None:
        """`policy` is a new one, or that of the same person under the number before."""
        self.policy = policy
        self._track = track
        self._told = Look()
        self._report_s = t_s

    @property
    def ahead(self) -> Ahead:
        """Straight ahead of this person, as far as it is learned."""
        return self.policy.ahead

    def follow(self, face: Face, closed: bool, lowered: bool, driving: bool) -> list[Message]:
        """Take in one frame; `closed` and `lowered` are what is known of the lids: shut, or down with the gaze."""
        if face.yaw_deg is None or face.pitch_deg is None or closed:
            return self.miss(face.t_s, driving, quiet=False)
        if not driving:
            return self._tell(face.t_s, self.policy.rest(), quiet=False)
        gaze = None
        if face.gaze_yaw_deg is not None and face.gaze_pitch_deg is not None:
            gaze = face.gaze_yaw_deg, face.gaze_pitch_deg
        look = self.policy.step(face.t_s, (face.yaw_deg, face.pitch_deg), gaze, lowered)
        return self._tell(face.t_s, look, quiet=False)

    def miss(self, t_s: float, driving: bool, quiet: bool) -> list[Message]:
        """Let time pass without a pose; `quiet` reports only what changes."""
        return self._tell(t_s, self.policy.miss(t_s) if driving else self.policy.rest(), quiet)

    def end(self, t_s: float) -> list[Message]:
        """End what is raised."""
        if self._told.level is Level.NONE:
            return []
        self._told = Look()
        return [Attention(t_s, self._track, **dataclasses.asdict(self._told))]

    def _tell(self, t_s: float, look: Look, quiet: bool) -> list[Message]:
        due = t_s >= self._report_s
        if due:
            self._report_s += REPORT_S * (math.floor((t_s - self._report_s) / REPORT_S) + 1)
        if _state(look) == _state(self._told) and (quiet or not due):
            return []
        self._told = look
        return [Attention(t_s, self._track, **dataclasses.asdict(look))]


def _state(look: Look) -> tuple[Level, tuple[str, ...], bool]:
    """What is told at once; the turns of a head matter while something is raised."""
    return look.level, look.causes, look.away and look.level is not Level.NONE
