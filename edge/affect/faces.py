"""The faces of the last minutes: what an utterance that is understood late looked like when it was spoken."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import fmean, pstdev

from edge.affect.fusion import Evidence
from edge.affect.motion import Motion
from edge.affect.valence import RestingFace, expression_valence
from edge.messages import Face

_MEMORY_S = 90.0
"""How late an utterance may be understood: the longest one, and a queue of them at real-time factor 1."""
_FORGET_S = 300.0
"""A track unseen for this long is gone for good; its resting face is forgotten."""
LEAST_FACES, LEAST_SHARE = 5, 0.3
"""Usable faces, and their share of the frames, under which a stretch of time says nothing."""
_MOVING = 0.02
"""Spread of the mouth's opening of one who speaks: .036 to .086 measured in five clips, silent faces .006 to .013."""
_CLEARLY = 1.5
"""The speaker's mouth moves this much more than any other."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One face in one frame."""

    t_s: float
    track: int | None
    score: float | None
    """Valence against the person's resting face; None when the face could not be read."""
    mouth: float | None
    motion: float | None = None
    """Face widths a second; None where there is nothing to compare with."""
    face: Face | None = None
    """The whole face, in a memory that keeps it."""


@dataclass(slots=True)
class Stretch:
    """Faces over a stretch of time, by track."""

    frames: int = 0
    most: int = 0
    """The most faces in one of them, whether they could be read or not."""
    faces: dict[int, list[Face]] = field(default_factory=dict)
    """The whole faces, from a memory that keeps them."""
    scores: dict[int, list[float]] = field(default_factory=dict)
    mouths: dict[int, list[float]] = field(default_factory=dict)
    motions: dict[int, list[float]] = field(default_factory=dict)
    _last_s: float | None = None
    _in_frame: int = 0

    def add(self, seen: Seen) -> None:
        """Take one face; faces of one frame come one after another with the same time."""
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

    def evidence(self, least_share: float = LEAST_SHARE) -> dict[int, Evidence]:
        """What each track says that was seen in enough of the frames, in order of the tracks."""
        return {
            track: Evidence(fmean(scores), min(len(scores) / self.frames, 1.0))
            for track, scores in sorted(self.scores.items())
            if len(scores) >= LEAST_FACES and len(scores) >= least_share * self.frames
        }

    def speaker(self) -> int | None:
        """The track whose mouth moves, and clearly more than any other; None when that is not clear."""
        motion = {track: pstdev(m) for track, m in self.mouths.items() if len(m) >= LEAST_FACES}
        ranked = sorted(motion, key=lambda track: (-motion[track], track))
        if not ranked or motion[ranked[0]] < _MOVING:
            return None
        if len(ranked) > 1 and motion[ranked[0]] < _CLEARLY * motion[ranked[1]]:
            return None
        return ranked[0]

    def subject(self) -> list[Face]:
        """The faces of the speaker, or of the only one there is; none where several could be meant."""
        track = self.speaker()
        if track is None and len(self.faces) == 1:
            track = next(iter(self.faces))
        return [] if track is None else self.faces[track]


class FaceMemory:
    """Reads each face against its own resting face and keeps the last 90 s."""

    def __init__(self, whole: bool = False) -> None:
        """`whole` keeps each face as it came, which a trained fusion needs."""
        self._whole = whole
        self._seen: deque[Seen] = deque()
        self._resting: dict[int, RestingFace] = {}
        self._last_s: dict[int, float] = {}
        self._motion = Motion()

    def see(self, face: Face) -> Seen:
        """Take one face and return what is kept of it."""
        score = None
        if face.track is not None:
            self._last_s[face.track] = face.t_s
            if face.usable and face.expression is not None:
                resting = self._resting.setdefault(face.track, RestingFace())
                score = resting.relative(face.t_s, expression_valence(face.expression))
        motion = self._motion.step(face)
        seen = Seen(face.t_s, face.track, score, face.mouth, motion, face if self._whole else None)
        self._seen.append(seen)
        self._forget(face.t_s)
        return seen

    def between(self, start_s: float, end_s: float) -> Stretch:
        """The faces of a stretch of time, as far as they are still known."""
        stretch = Stretch()
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
