"""What the faces in a room have in common; of fewer than five nothing is said, not even how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from edge.affect.faces import Stretch
from edge.affect.words import polarity
from edge.messages import Group

LEAST_GROUP = 5
"""Faces under which nothing is said."""
_SEEN_TOGETHER = 0.6
"""Share of the pictures in which a face must be seen. Above one half, so that any two of them were seen in the same
picture: one child who is lost and found again under a new track is never two."""
_NEGATIVE = frozenset({"negative", "weakly negative"})
_TELLING = 2
"""Negative faces from which a share is told: a single one stays hidden in its group."""


def group_of(
    stretch: Stretch, t_s: float, start_s: float, end_s: float, noise_db: Sequence[float]
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
        noise_db=median(noise_db) if noise_db else None,
        seen=max(stretch.most, len(scores)),
    )
    return group, median(scores.values())
