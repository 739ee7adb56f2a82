"""Falling heads: shut lids that go out of sight because the head sinks, or the face with it, stay shut."""

from __future__ import annotations

from edge.messages import Face, Reason

SUNK_DEG = 12.0
"""Drowsy heads sink 12 to 20 degrees and more; ordinary nods 2 to 8."""
ASIDE_DEG = 30.0
"""A head that turns further aside was turned by somebody awake."""


class HeadFall:
    """Compares the head with where it was when the lids went down."""

    def __init__(self) -> None:
        self._from_deg: tuple[float, float] | None = None
        self._aside = False

    def observe(self, face: Face, lids_down: bool) -> None:
        """Take in one face, seen or not; until the lids are down its pose is where the head is."""
        if face.yaw_deg is None or face.pitch_deg is None:
            return
        if not lids_down or self._from_deg is None:
            self._from_deg, self._aside = (face.yaw_deg, face.pitch_deg), False
        self._aside |= abs(face.yaw_deg - self._from_deg[0]) > ASIDE_DEG

    def hides(self, face: Face) -> bool:
        """Whether a head that has fallen hides the eyes of a face that cannot be judged."""
        if self._from_deg is None or self._aside:
            return False
        if face.reason is Reason.NO_FACE or face.pitch_deg is None:
            return face.reason is Reason.NO_FACE
        return face.pitch_deg - self._from_deg[1] >= SUNK_DEG
