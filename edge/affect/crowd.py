"""Pictures of a crowd only: a picture with fewer than five readable faces is not looked at, nor learned from."""

from __future__ import annotations

from edge.affect.group import LEAST_GROUP
from edge.messages import Face


class Crowd:
    """Faces in; those of the picture before out, or that there is nobody, when they are too few."""

    def __init__(self) -> None:
        self._picture: list[Face] = []

    def step(self, face: Face) -> list[Face]:
        """Take one face; faces of one picture come one after another with the same time."""
        if not self._picture or self._picture[0].t_s == face.t_s:
            self._picture.append(face)
            return []
        picture, self._picture = self._picture, [face]
        readable = {item.track for item in picture if item.track is not None and item.usable and item.expression}
        return picture if len(readable) >= LEAST_GROUP else [Face(picture[0].t_s)]
