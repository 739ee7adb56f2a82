"""Gestures of a tired person: yawns, nods and falling heads.

A yawn is one slow, wide opening of the mouth, measured against the person's mouth at rest. In a nod the head sinks with
closed eyes and jerks back. When a head falls, shut lids that go out of sight count as still shut.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

from edge.fatigue.eyelid_spans import GAP_S, LidSpan
from edge.messages import Face, Reason

MOUTH_RISE = 0.30
"""A mouth that opens further than this above rest may be yawning; speakers reach 0.46."""
LEAST_WIDTH = 0.36
"""A yawn opens the mouth this far above rest: three reach 0.49, 0.52 and 0.60, a passenger who laughs with his head
turned 0.32."""
MOUTH_WIDE = 0.45
"""From here the width is a sign of its own: of 250 mouths that sing, laugh or shout (drawn into one portrait) 44 %
exceed 0.33 and 13 % this."""
MOUTH_GAPING = 0.55
"""... and from here a second one: 3 % of those mouths."""
MOUTH_WIDE_SHARE = 0.1
"""The width is exceeded for this share of the opening: one wrong frame does not open a mouth."""
MOUTH_FALL = 0.20
"""Nearer to rest than this the mouth is shut again; the yawn of cab_1.avi dips to 0.25 in its middle."""
YAWN_LEAST_S = 2.0
"""Yawns last 4 to 6 s on average, in-vehicle devices ask for 2 s; exaggerated open mouths in front of a camera lasted
1.1 to 1.8 s."""
YAWN_MOST_S = 12.0
"""Longer is singing, dental care or a gaping habit."""
MOUTH_SWING = 0.15
MOST_TURNS_PER_S = 1.0
"""A mouth that turns round by more than `MOUTH_SWING` more often than this talks or sings; the yawn of cab_1.avi has
0.6 a second, syllables come at 3 to 5 a second."""
NARROWED = 0.80
"""Eyes that are open by less than this share of the baseline, by the median: a yawn narrows them (to
0.35, 0.46 and 0.66 in three), grimaces and loud speech do not (0.91 and more in 20 openings of 4 people)."""
HAPPY = 0.5
"""Mean probability of a happy face above which the mouth may be laughing."""
LAUGH_MOST_S = 4.0
"""A mouth of a happy face that does not gape yawns only if it stays open for longer than this, the least that yawns
last on average. A driver whose face the net takes for happy yawned for 4.4 and 4.7 s (cab_7.mp4)."""
LEAST_SIGNS = 2
"""Of four: a wide mouth, a gaping mouth, narrowed eyes, no happy face. No sign decides alone: yawns look happy to a net
(two of three), laughs narrow the eyes, singing opens the mouth."""
WIDE_EYED = 1.05
"""Eyes opened further than this share: surprise."""
MOUTH_REST_PRIOR = 0.03
MOUTH_REST_CEILING = 0.20
"""Rest is the opening of the mouth in the lower half of the time, at most this."""
_SAMPLE_S = 0.2
_MEMORY = 300
_LEARNED = 10
NOD_DEG = 12.0
"""Drowsy nods sink 12 to 20 degrees, ordinary ones 2 to 8; the mesh measures a turn a sixth too small."""
WITHIN_S = 1.0
CLOSED_S = 0.3
"""Least time with the eyes seen closed between sinking and recovery."""
RECOVERED_DEG = 5.0
"""Nearer than this to where it came from, the head is up again."""
RECOVERED_S = 3.0
SUNK_DEG = 12.0
"""Drowsy heads sink 12 to 20 degrees and more; ordinary nods 2 to 8."""
ASIDE_DEG = 30.0
"""A head that turns further aside was turned by a person who is awake."""


@dataclass(slots=True)
class _Opening:
    """A mouth that has been open since `start_s`."""

    start_s: float
    end_s: float
    extreme: float
    rising: bool = True
    turns: int = 0
    happy: list[float] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    """Above rest, one per frame."""
    eyes: list[float] = field(default_factory=list)
    """Share of the person's open eye, where the eyes were seen."""

    def follow(self, mouth: float) -> None:
        """Count the turns of the mouth's curve."""
        if (mouth > self.extreme) == self.rising:
            self.extreme = mouth
        elif abs(mouth - self.extreme) > MOUTH_SWING:
            self.extreme, self.rising, self.turns = mouth, not self.rising, self.turns + 1

    def yawn(self) -> tuple[float, float] | None:
        """Return start and end if it was a yawn."""
        length_s = self.end_s - self.start_s
        lasts = YAWN_LEAST_S <= length_s <= YAWN_MOST_S
        smooth = self.turns <= MOST_TURNS_PER_S * length_s
        return (self.start_s, self.end_s) if lasts and smooth and self._looks_like_one(length_s) else None

    def _looks_like_one(self, length_s: float) -> bool:
        width = sorted(self.heights, reverse=True)[int(MOUTH_WIDE_SHARE * len(self.heights))]
        eyes = statistics.median(self.eyes) if self.eyes else 1.0
        happy = bool(self.happy) and statistics.fmean(self.happy) > HAPPY
        if happy and width < MOUTH_GAPING and length_s <= LAUGH_MOST_S:
            return False
        signs = (width >= MOUTH_WIDE, width >= MOUTH_GAPING, eyes < NARROWED, not happy)
        return width >= LEAST_WIDTH and eyes <= WIDE_EYED and sum(signs) >= LEAST_SIGNS


class Yawns:
    """Follows one person's mouth."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=_MEMORY)
        self._sampled_s = float("-inf")
        self._seen_s = float("-inf")
        self._rest = MOUTH_REST_PRIOR
        self._opening: _Opening | None = None

    def step(self, face: Face, open_eye: float) -> tuple[float, float] | None:
        """Add one frame; return start and end of the yawn that it ends.

        `open_eye` is the person's baseline opening, in the unit of `Face.eye_opening`.
        """
        if face.mouth is None:
            return self.lapse(face.t_s)
        ended = self.lapse(face.t_s)
        self._seen_s = face.t_s
        above = face.mouth - self._rest
        if self._opening is None:
            self._learn(face.t_s, face.mouth)
            if above >= MOUTH_RISE:
                self._opening = _Opening(face.t_s, face.t_s, face.mouth)
        elif above < MOUTH_FALL:
            ended = self.finish()
        if self._opening is not None:
            self._take_in(self._opening, face, face.mouth, open_eye)
        return ended

    def lapse(self, t_s: float) -> tuple[float, float] | None:
        """End what can be known when the mouth was last seen more than `GAP_S` before `t_s`."""
        return self.finish() if t_s - self._seen_s > GAP_S else None

    def finish(self) -> tuple[float, float] | None:
        """End the current opening; return start and end if it was a yawn."""
        opening, self._opening = self._opening, None
        return opening.yawn() if opening else None

    def _take_in(self, opening: _Opening, face: Face, mouth: float, open_eye: float) -> None:
        opening.end_s = face.t_s
        opening.follow(mouth)
        opening.heights.append(mouth - self._rest)
        if face.expression is not None and "happy" in face.expression:
            opening.happy.append(face.expression["happy"])
        if face.usable and face.eye_opening is not None:
            opening.eyes.append(face.eye_opening / open_eye)

    def _learn(self, t_s: float, mouth: float) -> None:
        if t_s - self._sampled_s < _SAMPLE_S - 1e-6:
            return
        self._sampled_s = t_s
        self._samples.append(mouth)
        if len(self._samples) >= _LEARNED:
            lower = sorted(self._samples)[: len(self._samples) // 2 + 1]
            self._rest = min(statistics.median(lower), MOUTH_REST_CEILING)


class Nods:
    """Follows one person's head pitch, positive for bent down."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()
        self._closed: deque[LidSpan] = deque()
        self._sunk: tuple[float, float] | None = None
        """Since when, and from which pitch."""

    def lids_closed(self, span: LidSpan) -> None:
        """Add a span of certainly closed eyes: lids that may only follow the gaze are not part of a nod."""
        self._closed.append(span)
        while self._closed[0].end_s < span.end_s - RECOVERED_S - WITHIN_S:
            self._closed.popleft()

    def step(self, t_s: float, pitch_deg: float) -> tuple[float, float] | None:
        """Add one measured pitch; return start and end of the nod that it ends."""
        self._recent.append((t_s, pitch_deg))
        while self._recent[0][0] < t_s - WITHIN_S:
            self._recent.popleft()
        if self._sunk is None:
            from_deg = min(pitch for _, pitch in self._recent)
            if pitch_deg - from_deg >= NOD_DEG:
                start_s = max(when for when, pitch in self._recent if pitch - from_deg < RECOVERED_DEG)
                self._sunk = start_s, from_deg
            return None
        start_s, from_deg = self._sunk
        if t_s - start_s <= RECOVERED_S and pitch_deg - from_deg >= RECOVERED_DEG:
            return None
        self._sunk = None
        self._recent.clear()
        nodded = t_s - start_s <= RECOVERED_S and self._closed_since(start_s) >= CLOSED_S
        return (start_s, t_s) if nodded else None

    def _closed_since(self, start_s: float) -> float:
        return sum(span.end_s - max(span.start_s, start_s) for span in self._closed if span.end_s > start_s)


class HeadFall:
    """Compares the head with where it was when the lids went down."""

    def __init__(self) -> None:
        self._from_deg: tuple[float, float] | None = None
        self._aside = self._up = False

    def observe(self, face: Face, lids_down: bool) -> None:
        """Add one face, seen or not; until the lids are down, its pose is the position of the head.

        A head that is still up while its lids cannot be judged has not fallen: a face that is lost after it says no
        more, until the lids are seen again or the head sinks.
        """
        if face.yaw_deg is None or face.pitch_deg is None:
            return
        if not lids_down or self._from_deg is None:
            self._from_deg, self._aside = (face.yaw_deg, face.pitch_deg), False
        self._aside |= abs(face.yaw_deg - self._from_deg[0]) > ASIDE_DEG
        sunk_deg = face.pitch_deg - self._from_deg[1]
        if face.openness is not None or sunk_deg >= SUNK_DEG:
            self._up = False
        elif sunk_deg < RECOVERED_DEG:
            self._up = True

    def hides(self, face: Face) -> bool:
        """Whether a head that has fallen hides the eyes of a face that cannot be judged."""
        if self._from_deg is None or self._aside:
            return False
        if face.reason is Reason.NO_FACE or face.pitch_deg is None:
            return face.reason is Reason.NO_FACE and not self._up
        return face.pitch_deg - self._from_deg[1] >= SUNK_DEG
