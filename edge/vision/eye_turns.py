"""Which eyes are read in a picture: both, one in turn, or none while nothing says that they have changed.

Both lids move together, so while the eye that is read stays as it was, the other's last reading stands for the pictures
until its turn. After a look that found the eyes as they were, open or shut, a picture that has its mesh does without
one if the lids of the mesh have not moved either. An eye that is turned away from the camera is not read: nobody would
use what it shows.

The mesh itself is made in every second picture while the head is still (`edge.vision.head`), so a calm face has its
eyes read in one picture and its mesh made in the next, and both watch the lids. An eye that moves in a picture without
a mesh is looked at again with one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.bundle.bundle import Bundle
from edge.messages import Frame
from edge.vision.geometry import opening_of
from edge.vision.head import Head
from edge.vision.iris import INPUT_PX, Eye, EyeModel

_REST_S = 0.045
"""After a look that found the eyes as they were a picture within this time may do without one: every second one at 24 a
second, none with fewer."""
_STANDS_S = 0.085
"""A reading this old may stand for the eye while the other is read: two pictures at 24 a second, one at 12. With fewer,
both are always read."""
_KNOWN_S = 2 * _STANDS_S
"""A reading older than this says nothing of how the eye is now."""
_STILL = 0.02
"""Most that the opening of a still eye, open or shut, changes between two readings: the reading's own noise is 0.003 to
0.01."""
_LIDS_STILL = 0.01
"""... and that the mesh's aspect ratio of the eye does from one picture to the next: its own noise is 0.005."""
_STARTLING = 2 * _STILL
"""An eye that has moved more has the other looked at in the same picture: the two together are off by half at most."""
_SIDES = (0, 1)
"""Right, left."""


@dataclass(frozen=True, slots=True)
class _Reading:
    eye: Eye
    t_s: float
    mesh_s: float
    """Of the picture whose mesh said where the eye is."""

    def moved_since(self, before: _Reading | None) -> float:
        """How much the eye's opening has changed; infinite where nothing says how it was."""
        if before is None or self.t_s - before.t_s > _KNOWN_S:
            return math.inf
        return abs(opening_of(self.eye) - opening_of(before.eye))


@dataclass(slots=True)
class _Known:
    """What is known of the eyes of one face, by side."""

    readings: dict[int, _Reading] = field(default_factory=dict)
    looked_s: float = float("-inf")
    lids: tuple[float, float] = (0.0, 0.0)
    """The mesh's aspect ratios at the last look."""
    calm: bool = False
    """Whether the last look found every eye that it read as open as it was."""

    def due(self, t_s: float, head: Head) -> list[int]:
        """The sides to read now, of those that face the camera and those that were never read."""
        readable = head.readable
        if missing := [side for side in _SIDES if side not in self.readings]:
            return sorted({*readable, *missing})
        if self._may_rest(t_s, head):
            return []
        if len(readable) < len(_SIDES):
            return readable
        older, newer = sorted(readable, key=lambda side: self.readings[side].t_s)
        return [older] if t_s - self.readings[newer].t_s <= _STANDS_S else readable

    def unseen(self, t_s: float, head: Head) -> list[int]:
        """The sides that face the camera and have not been read in this picture by this mesh."""
        seen = [side for side, read in self.readings.items() if (read.t_s, read.mesh_s) == (t_s, head.t_s)]
        return [side for side in head.readable if side not in seen]

    def _may_rest(self, t_s: float, head: Head) -> bool:
        moved = max(abs(now - before) for now, before in zip(head.lids, self.lids, strict=True))
        fresh = all(t_s - self.readings[side].t_s <= _KNOWN_S for side in head.readable)
        looked_at = head.t_s == t_s and moved <= _LIDS_STILL
        return self.calm and fresh and looked_at and t_s - self.looked_s <= _REST_S

    def take(self, readings: Mapping[int, _Reading], lids: tuple[float, float]) -> bool:
        """Remember a look; returns whether an eye has moved so much that the other has to be looked at too."""
        moved = max(reading.moved_since(self.readings.get(side)) for side, reading in readings.items())
        self.calm = moved <= _STILL
        self.looked_s, self.lids = max(reading.t_s for reading in readings.values()), lids
        self.readings |= readings
        return moved > _STARTLING


class EyeTurns:
    """Reads the eyes of the faces that are followed; what it remembers of a face goes when the face does."""

    def __init__(self, bundle: Bundle) -> None:
        self._model = EyeModel(bundle)
        self._known: dict[int, _Known] = {}

    def glance(self, frame: Frame, heads: Mapping[int, Head]) -> list[int]:
        """Read what is due of each track; returns the tracks with an eye that has moved: `stare` at those."""
        self._known = {track: self._known.get(track, _Known()) for track in heads}
        due = {track: self._known[track].due(frame.t_s, head) for track, head in heads.items()}
        return self._look(frame, heads, due)

    def stare(self, frame: Frame, heads: Mapping[int, Head]) -> None:
        """Read the eyes of these tracks that face the camera and that this mesh has not yet shown in this picture."""
        due = {track: self._known[track].unseen(frame.t_s, head) for track, head in heads.items()}
        self._look(frame, heads, due)
        for track in heads:
            self._known[track].calm = False

    def eyes(self, track: int) -> tuple[Eye, Eye]:
        """(right eye, left eye) as they were last read."""
        readings = self._known[track].readings
        return readings[0].eye, readings[1].eye

    def _look(self, frame: Frame, heads: Mapping[int, Head], due: Mapping[int, list[int]]) -> list[int]:
        """Read these sides of these tracks, all in one run; returns the tracks of which an eye startles."""
        places = [(track, side) for track, sides in due.items() for side in sides]
        if not places:
            return []
        crops = [heads[track].eye_crops[side] for track, side in places]
        eyes = self._model.read_crops([crop.cut(frame.image, INPUT_PX) for crop in crops], crops)
        found: dict[int, dict[int, _Reading]] = {}
        for (track, side), eye in zip(places, eyes, strict=True):
            found.setdefault(track, {})[side] = _Reading(eye, frame.t_s, heads[track].t_s)
        return [track for track, read in found.items() if self._known[track].take(read, heads[track].lids)]
