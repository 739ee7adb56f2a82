"""The group window: aggregates of the faces in a room, and the agitation of each person, per window.

The minimum group is five faces: for fewer, the box publishes no group, not even the number of faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from edge.affect.change_detection import AGITATION, GROUP_MOOD, ChangeDetection, log_motion
from edge.affect.face_memory import LEAST_FACES, FaceWindow, ObservedFace
from edge.affect.fusion import polarity
from edge.config.purpose import Allowance
from edge.messages import ROOM_SOUNDS, Face, Group, Sound

LEAST_GROUP = 5
"""Least faces of a group that is reported."""
_SEEN_TOGETHER = 0.6
"""Share of the frames in which a face must be seen. Above one half, so that any two of them were seen in the same
frame: one child who is lost and found again under a new track does not count twice."""
_NEGATIVE = frozenset({"negative", "weakly negative"})
_TELLING = 2
"""Negative faces from which their share is reported: a single one stays hidden in its group."""


def group_of(
    stretch: FaceWindow, t_s: float, start_s: float, end_s: float, audio: Sequence[Sound]
) -> tuple[Group, float] | None:
    """The group's message and its median score, which one face alone cannot move far; None for too few faces."""
    scores = {track: item.score for track, item in stretch.evidence(_SEEN_TOGETHER).items()}
    if len(scores) < LEAST_GROUP:
        return None
    negative = sum(polarity(score).en in _NEGATIVE for score in scores.values())
    low, high = np.percentile(list(scores.values()), [25, 75])
    motions = [median(stretch.motions[track]) for track in scores if stretch.motions.get(track)]
    group = Group(
        t_s=t_s,
        start_s=start_s,
        end_s=end_s,
        faces=len(scores),
        negative_share=negative / len(scores) if negative >= _TELLING else 0.0,
        spread=float(high - low),
        motion=median(motions) if len(motions) >= LEAST_GROUP else None,
        noise_db=median(sound.level_db for sound in audio) if audio else None,
        seen=max(stretch.most, len(scores)),
        sounds=tuple(name for name in ROOM_SOUNDS if any(name in sound.heard for sound in audio)),
    )
    return group, median(scores.values())


class MinimumGroup:
    """Faces in; the faces of the frame before out, or one `Face` without a track if they are too few."""

    def __init__(self) -> None:
        self._frame: list[Face] = []

    def step(self, face: Face) -> list[Face]:
        """Add one face; faces of one frame come one after another with the same time."""
        if not self._frame or self._frame[0].t_s == face.t_s:
            self._frame.append(face)
            return []
        frame, self._frame = self._frame, [face]
        readable = {item.track for item in frame if item.track is not None and item.usable and item.expression}
        return frame if len(readable) >= LEAST_GROUP else [Face(frame[0].t_s)]


class GroupWindow:
    """Faces and loudness in; a `Group` at the end of each window with at least five faces that could be judged."""

    def __init__(self, window_s: float, allowance: Allowance, watch: ChangeDetection) -> None:
        """`watch` gets the observations that the purpose permits."""
        self._window_s, self._watch = window_s, watch
        self._group = "group" in allowance.kinds
        self._persons = allowance.per_person and AGITATION in allowance.alerts
        self._start_s: float | None = None
        self._stretch = FaceWindow()
        self._audio: list[Sound] = []

    def sound(self, sound: Sound) -> None:
        """Add half a second of audio."""
        self._audio.append(sound)
        del self._audio[: -round(2 * self._window_s)]

    def step(self, seen: ObservedFace) -> list[Group]:
        """Add one face; return the group of the window that ended with it."""
        groups = []
        if self._start_s is not None and seen.t_s >= self._start_s + self._window_s:
            groups = self._close(seen.t_s, self._start_s, self._start_s + self._window_s)
        if self._start_s is None:
            self._start_s = seen.t_s
        self._stretch.add(seen)
        return groups

    def _close(self, t_s: float, start_s: float, end_s: float) -> list[Group]:
        stretch, audio = self._stretch, self._audio
        self._start_s, self._stretch, self._audio = None, FaceWindow(), []
        if self._persons:
            for track, motions in sorted(stretch.motions.items()):
                if len(motions) >= LEAST_FACES:
                    self._watch.observe(AGITATION, track, end_s, log_motion(median(motions)))
        found = group_of(stretch, t_s, start_s, end_s, audio) if self._group else None
        if found is None:
            return []
        group, score = found
        self._watch.observe(GROUP_MOOD, None, end_s, score)
        if group.motion is not None:
            self._watch.observe(AGITATION, None, end_s, log_motion(group.motion))
        return [group]
