"""Whether the camera shows people upside down, told in words."""

from __future__ import annotations

from collections.abc import Sequence

from edge.i18n.sentence import Sentence
from edge.messages import Face, Reason, Source

_AFTER_S = 3.0
"""Shorter is somebody who bends over, or a camera in somebody's hands."""
_DETAIL = Sentence("picture_upside_down")


class MountWatch:
    """Faces in; the source `camera` lost while they are upside down, ok with the first upright one after that."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._told = False

    def step(self, faces: Sequence[Face]) -> list[Source]:
        """The faces of one picture."""
        t_s, reasons = faces[0].t_s, {face.reason for face in faces}
        if Reason.UPSIDE_DOWN in reasons:
            self._since_s = t_s if self._since_s is None else self._since_s
            if not self._told and t_s - self._since_s >= _AFTER_S:
                self._told = True
                return [Source(t_s, "camera", "lost", _DETAIL)]
        elif reasons != {Reason.NO_FACE}:
            self._since_s = None
            if self._told:
                self._told = False
                return [Source(t_s, "camera", "ok")]
        return []
