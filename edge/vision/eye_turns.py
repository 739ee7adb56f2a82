"""Which eyes are read in a picture: both, or one in turn while nothing says that the other has changed.

Both lids move together, so while the eye that is read stays as open as it was, the other's last reading stands for one
more picture. An eye that is turned away from the camera is not read: nobody would use what it shows. On nine clips this
reads 52 to 72 % of the eyes; what both together are open differs from reading all by at most 0.01 in 99 % of the
pictures of a clear face, by 0.03 to 0.05 of one with glasses, whose two readings differ by more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.bundle.bundle import Bundle
from edge.messages import Frame
from edge.vision.crop import Crop
from edge.vision.geometry import LEAST_FACING, facing, opening_of
from edge.vision.iris import INPUT_PX, Eye, EyeModel, eye_crops
from edge.vision.mesh import Mesh

_STANDS_S = 0.07
"""A reading this old may stand for the eye: one picture at 15 a second and more. With fewer, both are always read."""
_LEAST_OPENING = 0.15
"""Lids this near to each other are on their way (`edge.vision.geometry`): both eyes are looked at."""
_STILL = 0.02
"""Most that the opening of a still eye changes between two readings: the reading's own noise is 0.003 to 0.01."""
_SIDES = (0, 1)
"""Right, left."""


@dataclass(frozen=True, slots=True)
class _Reading:
    eye: Eye
    t_s: float


@dataclass(frozen=True, slots=True)
class _Place:
    """One eye of one face."""

    track: int
    side: int

    @property
    def other(self) -> _Place:
        return _Place(self.track, 1 - self.side)


class EyeTurns:
    """Reads the eyes of the faces that are followed; what it remembers of a face goes when the face does."""

    def __init__(self, bundle: Bundle) -> None:
        self._model = EyeModel(bundle)
        self._known: dict[_Place, _Reading] = {}

    def read(self, frame: Frame, meshes: Mapping[int, Mesh]) -> dict[int, tuple[Eye, Eye]]:
        """(right eye, left eye) of each track's mesh."""
        self._known = {place: reading for place, reading in self._known.items() if place.track in meshes}
        crops: dict[_Place, Crop] = {}
        facing_us: set[_Place] = set()
        due: list[_Place] = []
        for track, mesh in meshes.items():
            pair = [_Place(track, side) for side in _SIDES]
            crops |= zip(pair, eye_crops(mesh), strict=True)
            facing_us |= {place for place in pair if facing(mesh.points)[place.side] >= LEAST_FACING}
            due += self._due(frame.t_s, [place for place in pair if place in facing_us or place not in self._known])
        before = {place: self._known.get(place) for place in due}
        self._look(frame, due, crops)
        alone = [place for place in due if place.other not in due and place.other in facing_us]
        self._look(frame, [place.other for place in alone if not self._is_still(place, before[place])], crops)
        return {track: (self._known[_Place(track, 0)].eye, self._known[_Place(track, 1)].eye) for track in meshes}

    def _due(self, t_s: float, places: list[_Place]) -> list[_Place]:
        """Of the eyes of a face that can be read, those whose turn it is."""
        if len(places) < len(_SIDES) or not all(place in self._known for place in places):
            return places
        older, newer = sorted(places, key=lambda place: self._known[place].t_s)
        return [older] if t_s - self._known[newer].t_s <= _STANDS_S else places

    def _look(self, frame: Frame, places: list[_Place], crops: Mapping[_Place, Crop]) -> None:
        """Read these eyes, all in one run."""
        if places:
            chosen = [crops[place] for place in places]
            eyes = self._model.read_crops([crop.cut(frame.image, INPUT_PX) for crop in chosen], chosen)
            self._known |= {place: _Reading(eye, frame.t_s) for place, eye in zip(places, eyes, strict=True)}

    def _is_still(self, place: _Place, before: _Reading | None) -> bool:
        """Whether the eye that was just read is open and as open as it was, so that the other's reading may stand."""
        now = self._known[place]
        if before is None or now.t_s - before.t_s > 2 * _STANDS_S:
            return False
        opening = opening_of(now.eye)
        return opening >= _LEAST_OPENING and abs(opening - opening_of(before.eye)) <= _STILL
