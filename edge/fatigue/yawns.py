"""Yawns: one slow, wide opening of the mouth, against the person's own mouth at rest."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

from edge.fatigue.lids import GAP_S
from edge.messages import Face

RISE = 0.30
"""Opened further than this above rest, a mouth may be yawning; speakers reach 0.46."""
LEAST_WIDTH = 0.36
"""A yawn opens the mouth this far above rest: three reach 0.49, 0.52 and 0.60, a passenger who laughs with his head
turned 0.32."""
WIDE = 0.45
"""From here the width is a sign of its own: of 250 mouths that sing, laugh or shout (drawn into one portrait) 44 %
exceed 0.33 and 13 % this."""
GAPING = 0.55
"""... and from here a second one: 3 % of those mouths."""
WIDE_SHARE = 0.1
"""The width is what is exceeded for this share of the opening: one wrong picture opens no mouth."""
FALL = 0.20
"""Nearer to rest than this it is shut again; the yawn of cab_1.avi dips to 0.25 in its middle."""
LEAST_S = 2.0
"""Yawns last 4 to 6 s on average, in-vehicle devices ask for 2 s; exaggerated open mouths in front of a camera lasted
1.1 to 1.8 s."""
MOST_S = 12.0
"""Longer is singing, dental care or a gaping habit."""
SWING = 0.15
MOST_TURNS_PER_S = 1.0
"""A mouth that turns round by more than `SWING` oftener than this is talking or singing; cab_1.avi's yawn has 0.6 a
second, syllables come at 3 to 5 a second."""
NARROWED = 0.80
"""Eyes open less than this share of the person's own open eye, in the middle of what was seen: a yawn narrows them (to
0.35, 0.46 and 0.66 in three), grimaces and loud speech do not (0.91 and more in 20 openings of 4 people)."""
HAPPY = 0.5
"""Mean probability of a happy face above which the mouth may be laughing."""
LEAST_SIGNS = 2
"""Of four: a wide mouth, a gaping one, narrowed eyes, no happy face. None decides alone: yawns look happy to a net (two
of three), laughs narrow the eyes, songs open the mouth."""
WIDE_EYED = 1.05
"""Eyes opened further than this share: surprise."""
REST_PRIOR = 0.03
REST_CEILING = 0.20
"""Rest is where the mouth is in the lower half of the time, but no mouth rests more open than this."""
_SAMPLE_S = 0.2
_MEMORY = 300
_LEARNED = 10


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
    """Above rest, a picture each."""
    eyes: list[float] = field(default_factory=list)
    """Of the person's own open eye, where they were seen."""

    def follow(self, mouth: float) -> None:
        """Count the turns of the mouth's curve."""
        if (mouth > self.extreme) == self.rising:
            self.extreme = mouth
        elif abs(mouth - self.extreme) > SWING:
            self.extreme, self.rising, self.turns = mouth, not self.rising, self.turns + 1

    def yawn(self) -> tuple[float, float] | None:
        """Return start and end if it was a yawn."""
        length_s = self.end_s - self.start_s
        lasts = LEAST_S <= length_s <= MOST_S
        smooth = self.turns <= MOST_TURNS_PER_S * length_s
        return (self.start_s, self.end_s) if lasts and smooth and self._looks_like_one() else None

    def _looks_like_one(self) -> bool:
        width = sorted(self.heights, reverse=True)[int(WIDE_SHARE * len(self.heights))]
        eyes = statistics.median(self.eyes) if self.eyes else 1.0
        happy = bool(self.happy) and statistics.fmean(self.happy) > HAPPY
        signs = (width >= WIDE, width >= GAPING, eyes < NARROWED, not happy)
        return width >= LEAST_WIDTH and eyes <= WIDE_EYED and sum(signs) >= LEAST_SIGNS


class Yawns:
    """Follows one person's mouth."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=_MEMORY)
        self._sampled_s = float("-inf")
        self._seen_s = float("-inf")
        self._rest = REST_PRIOR
        self._opening: _Opening | None = None

    def step(self, face: Face, open_eye: float) -> tuple[float, float] | None:
        """Take in one frame; return start and end of the yawn that it ends.

        `open_eye` is the person's own lid opening, in the unit of `Face.eye_opening`.
        """
        if face.mouth is None:
            return self.lapse(face.t_s)
        ended = self.lapse(face.t_s)
        self._seen_s = face.t_s
        above = face.mouth - self._rest
        if self._opening is None:
            self._learn(face.t_s, face.mouth)
            if above >= RISE:
                self._opening = _Opening(face.t_s, face.t_s, face.mouth)
        elif above < FALL:
            ended = self.finish()
        if self._opening is not None:
            self._take_in(self._opening, face, face.mouth, open_eye)
        return ended

    def lapse(self, t_s: float) -> tuple[float, float] | None:
        """End what can be known when the mouth was last seen more than `GAP_S` before `t_s`."""
        return self.finish() if t_s - self._seen_s > GAP_S else None

    def finish(self) -> tuple[float, float] | None:
        """End the opening that goes on; return start and end if it was a yawn."""
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
            self._rest = min(statistics.median(lower), REST_CEILING)
