"""The faces of the last minutes: an utterance that is understood late finds the faces of the time when it was spoken.

An expression becomes one number, its valence, read against the person's own resting face. The expression model takes 16
% of neutral faces for angry or sad (docs/evidence/expressions.md), and people's faces at rest differ, so an absolute
negative is weak evidence. What counts is the change. Motion is the change of a face's place in the frame and the
turning of its head.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, median, pstdev

from edge.affect.fusion import ModalityScore
from edge.messages import Face

VALENCE = {
    "happy": 1.0,
    "neutral": 0.0,
    "surprise": 0.0,
    "fear": -0.6,
    "angry": -0.8,
    "sad": -0.8,
    "disgust": -0.8,
}
"""Where the expressions lie on the scale from -1 to 1; fear is often read into an open mouth."""

_RESTING_MEMORY_S = 300
"""Seconds of face that make up the resting face."""
_PRIOR_S = 20.0
"""Seconds of face after which the person's resting face counts for half; before, it is drawn to 0."""
_APART_S = 0.2
"""Time between the frames that are compared: shorter steps measure the jitter of boxes."""
_LOST_S = 1.0
"""Frames further apart than this are not compared: the motion in between is unknown."""
_WIDTH_A_DEG = 1 / 60
"""Face widths per degree of turning: a turn of the head by 60 degrees moves the nose by about the width of the face."""
_MEMORY_S = 90.0
"""Longest delay of an utterance: the longest utterance, and a queue of them at real-time factor 1."""
_FORGET_S = 300.0
"""A track unseen for this long is forgotten, with its resting face."""
LEAST_FACES, LEAST_SHARE = 5, 0.3
"""Least number of usable faces, and least share of the frames with one, for a score of a stretch of time."""
_MOVING = 0.02
"""Spread of the mouth's opening of a speaker: .036 to .086 measured in five clips, silent faces .006 to .013."""
_CLEARLY = 1.5
"""The speaker's mouth moves this much more than any other."""


def expression_valence(expression: Mapping[str, float]) -> float:
    """The expected valence (-1..1) of a distribution over expressions."""
    return sum(VALENCE[label] * probability for label, probability in expression.items())


class RestingFace:
    """The usual valence of one face, which is its neutral one: faces are neutral most of the time."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_RESTING_MEMORY_S)
        self._second: int | None = None
        self._sum, self._count = 0.0, 0
        self._level = 0.0

    def relative(self, t_s: float, valence: float) -> float:
        """The valence (-1..1) against the resting face so far; then learn from it."""
        score = (valence - self._level) / (1 + abs(self._level))
        self._learn(int(t_s), valence)
        return score

    def _learn(self, second: int, valence: float) -> None:
        if self._second is not None and second != self._second:
            self._seconds.append(self._sum / self._count)
            self._sum, self._count = 0.0, 0
            share = len(self._seconds) / (len(self._seconds) + _PRIOR_S)
            self._level = share * median(self._seconds)
        self._second = second
        self._sum, self._count = self._sum + valence, self._count + 1


class Motion:
    """Remembers where each face was; the camera itself must not move."""

    def __init__(self) -> None:
        self._before: dict[int, Face] = {}

    def step(self, face: Face) -> float | None:
        """Speed of this face in face widths a second; None without an earlier frame to compare with."""
        if face.track is None or face.box is None:
            return None
        before = self._before.get(face.track)
        if before is None or not 0 <= face.t_s - before.t_s <= _LOST_S:
            self._before[face.track] = face
            return None
        if face.t_s - before.t_s < _APART_S:
            return None
        self._before[face.track] = face
        return _distance(before, face) / (face.t_s - before.t_s)

    def forget(self, track: int) -> None:
        """Drop the face of a track that is forgotten."""
        self._before.pop(track, None)


def _distance(before: Face, now: Face) -> float:
    """Distance in face widths between two frames of one face."""
    assert before.box is not None and now.box is not None
    (x, y, width, height), (x2, y2, width2, height2) = before.box, now.box
    moved = math.hypot(x2 + width2 / 2 - x - width / 2, y2 + height2 / 2 - y - height / 2) * 2 / (width + width2)
    turns = [
        (b - a) * _WIDTH_A_DEG
        for a, b in ((before.yaw_deg, now.yaw_deg), (before.pitch_deg, now.pitch_deg))
        if a is not None and b is not None
    ]
    return math.hypot(moved, *turns)


@dataclass(frozen=True, slots=True)
class ObservedFace:
    """One face in one frame."""

    t_s: float
    track: int | None
    score: float | None
    """Valence against the person's resting face; None if the face could not be read."""
    mouth: float | None
    motion: float | None = None
    """Face widths a second; None without an earlier frame to compare with."""
    face: Face | None = None
    """The whole face, in a memory that keeps it."""


@dataclass(slots=True)
class FaceWindow:
    """Faces over a stretch of time, by track."""

    frames: int = 0
    most: int = 0
    """The most faces in one of the frames, readable or not."""
    faces: dict[int, list[Face]] = field(default_factory=dict)
    """The whole faces, from a memory that keeps them."""
    scores: dict[int, list[float]] = field(default_factory=dict)
    mouths: dict[int, list[float]] = field(default_factory=dict)
    motions: dict[int, list[float]] = field(default_factory=dict)
    _last_s: float | None = None
    _in_frame: int = 0

    def add(self, seen: ObservedFace) -> None:
        """Add one face; faces of one frame come one after another with the same time."""
        if seen.t_s != self._last_s:
            self.frames, self._last_s, self._in_frame = self.frames + 1, seen.t_s, 0
        if seen.track is None:
            return
        self._in_frame += 1
        self.most = max(self.most, self._in_frame)
        if seen.face is not None:
            self.faces.setdefault(seen.track, []).append(seen.face)
        if seen.score is not None:
            self.scores.setdefault(seen.track, []).append(seen.score)
        if seen.mouth is not None:
            self.mouths.setdefault(seen.track, []).append(seen.mouth)
        if seen.motion is not None:
            self.motions.setdefault(seen.track, []).append(seen.motion)

    def evidence(self, least_share: float = LEAST_SHARE) -> dict[int, ModalityScore]:
        """The score of each track that was seen in enough of the frames, in order of the tracks."""
        return {
            track: ModalityScore(fmean(scores), min(len(scores) / self.frames, 1.0))
            for track, scores in sorted(self.scores.items())
            if len(scores) >= LEAST_FACES and len(scores) >= least_share * self.frames
        }

    def speaker(self) -> int | None:
        """The track whose mouth moves clearly more than any other; None if that is not clear."""
        motion = {track: pstdev(m) for track, m in self.mouths.items() if len(m) >= LEAST_FACES}
        ranked = sorted(motion, key=lambda track: (-motion[track], track))
        if not ranked or motion[ranked[0]] < _MOVING:
            return None
        if len(ranked) > 1 and motion[ranked[0]] < _CLEARLY * motion[ranked[1]]:
            return None
        return ranked[0]

    def subject(self) -> list[Face]:
        """The faces of the speaker, or of the only person; empty if several could be meant."""
        track = self.speaker()
        if track is None and len(self.faces) == 1:
            track = next(iter(self.faces))
        return [] if track is None else self.faces[track]


class FaceMemory:
    """Reads each face against its own resting face and keeps the last 90 s."""

    def __init__(self, whole: bool = False) -> None:
        """`whole`: also keep each face unchanged, for a trained fusion."""
        self._whole = whole
        self._seen: deque[ObservedFace] = deque()
        self._resting: dict[int, RestingFace] = {}
        self._last_s: dict[int, float] = {}
        self._motion = Motion()

    def see(self, face: Face) -> ObservedFace:
        """Add one face and return what is kept of it."""
        score = None
        if face.track is not None:
            self._last_s[face.track] = face.t_s
            if face.usable and face.expression is not None:
                resting = self._resting.setdefault(face.track, RestingFace())
                score = resting.relative(face.t_s, expression_valence(face.expression))
        motion = self._motion.step(face)
        seen = ObservedFace(face.t_s, face.track, score, face.mouth, motion, face if self._whole else None)
        self._seen.append(seen)
        self._forget(face.t_s)
        return seen

    def between(self, start_s: float, end_s: float) -> FaceWindow:
        """The faces of a stretch of time, as far as they are still kept."""
        stretch = FaceWindow()
        for seen in self._seen:
            if start_s <= seen.t_s <= end_s:
                stretch.add(seen)
        return stretch

    def _forget(self, now_s: float) -> None:
        while self._seen[0].t_s < now_s - _MEMORY_S:
            self._seen.popleft()
        for track in [track for track, last_s in self._last_s.items() if last_s < now_s - _FORGET_S]:
            del self._last_s[track]
            self._resting.pop(track, None)
            self._motion.forget(track)
