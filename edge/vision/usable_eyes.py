"""Selects the eyes to read in a frame (both, one in turn, or none), and whether an eye can be judged.

Both lids move together. So while the eye that is read does not change, the last reading of the other eye is reused
until its turn. An eye whose crop is much like the one that the net last read is not read again. After a reading that
found the eyes unchanged, open or shut, a frame with a mesh gets no reading if the lids of the mesh have not moved
either. An eye that is turned away from the camera is not read, because the result would not be used.

While the head is still, the mesh is made in every second frame (`edge.vision.tracker`). So a calm face has its eyes
read in one frame and its mesh made in the next, and both show whether the lids move. An eye that moves in a frame
without a mesh is read again with one.

A closed eye can be judged: the rules of usability do not use the opening of the lids. Their thresholds were measured on
the 14 clips of the shared data (1,450 eyes, 60 of them closed), made smaller, blurred or darker step by step, and with
eyes covered by drawn sunglasses or a drawn hand. "Right" below is the share of eyes whose open or closed state was
still read as before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from edge.bundle.bundle import Bundle
from edge.messages import Float32, Frame, Reason
from edge.vision.crop import Crop, Image
from edge.vision.geometry import HeadPose, opening_of
from edge.vision.iris import EYE_COLUMNS, EYE_ROWS, INPUT_PX, Eye, EyeModel, EyeQuality
from edge.vision.tracker import Head

_REST_S = 0.045
"""After a reading that found the eyes unchanged, a frame within this time may have none: every second frame at 24
frames a second, no frame with fewer."""
_STANDS_S = 0.085
"""A reading this old may be reused while the other eye is read: for two frames at 24 frames a second, for one at 12.
With fewer, both are always read."""
_KNOWN_S = 2 * _STANDS_S
"""Readings older than this do not show the present state of the eye."""
_STILL = 0.02
"""Most that the opening of a still eye, open or shut, changes between two readings: the reading's own noise is 0.003 to
0.01."""
_LIDS_STILL = 0.01
"""... and most that the aspect ratio of the eye in the mesh changes from one frame to the next: its noise is 0.005."""
_STARTLING = 2 * _STILL
"""If one eye has moved more, the other is read in the same frame: the error of both together is at most half."""
_SAME_PICTURE = 0.1
"""Mean difference of two crops of an eye, over the deviation of its grey levels, up to which it is unchanged."""
_CLEARLY_OPEN = 0.2
"""Lids that are nearer than this are read in every crop, however alike the crops are."""
_CONFIRMED_S = 0.25
"""An open eye is read at least this often."""
_THUMBNAIL_PX = (16, 14)
_SIDES = (0, 1)
"""Right, left."""
_LEAST_EYE_WIDTH_PX = 8.0
"""Right: 1.00 at 8 px, 0.99 at 6 px."""
_MOST_YAW_DEG = 50.0
"""To either side; the near eye's opening stays within 20 % of its frontal value up to here (cab_2.avi)."""
_MOST_PITCH_DOWN_DEG = 25.0
"""Beyond, the upper lid hides the eye whether it is closed or not (proposed in the fatigue literature: 20 to 25)."""
_MOST_PITCH_UP_DEG = 45.0
"""A camera below the face sees the eyes well: readable at 28 degrees (carphone), the most in the clips."""
_MOST_ROLL_DEG = 120.0
"""A head that lies on its side still shows its lids; beyond, the camera hangs upside down."""
_LEAST_BRIGHTNESS = 20.0
"""Mean grey level of the eye's crop. With sensor noise of 2 levels, right: 0.96 at 24, 0.76 at 12."""
_LEAST_CONTRAST = 0.15
"""Real eyes 0.33 and more in colour; infra-red crops 0.24 open, 0.18 closed (1st percentile); drawn sunglasses 0.02."""
_CLEAR_CONTRAST, _PATCH_DARKER = 0.25, 0.8
"""Beside an eye that is hidden by something dark (less than this share of the other's grey level: a patch, a fringe)
an eye with this contrast is seen. If one eye is hidden by something bright (glare in glasses), it may cover both."""
_LEAST_SHARPNESS = 0.020
"""Real eyes 0.033 and more, closed ones 0.037; blurred by 0.08 eye widths 0.021 (right 0.99), by 0.12 0.014 (0.92)."""


@dataclass(frozen=True, slots=True)
class _Thumbnail:
    """The eye itself, small, so that neither noise nor half a pixel of shift counts, without its mean grey level."""

    levels: Float32
    deviation: float

    def shows_the_same(self, other: _Thumbnail) -> bool:
        difference = float(np.abs(self.levels - other.levels).mean())
        return difference <= _SAME_PICTURE * self.deviation


@dataclass(frozen=True, slots=True)
class _Reading:
    eye: Eye
    t_s: float
    """Time of the last frame that shows the eye so."""
    mesh_s: float
    """Time of the frame whose mesh located the eye."""
    read_s: float
    thumbnail: _Thumbnail

    def stands(self, t_s: float, thumbnail: _Thumbnail) -> bool:
        """Whether the reading can be reused at `t_s`, when the eye looks like `thumbnail`."""
        is_open = opening_of(self.eye) >= _CLEARLY_OPEN
        return is_open and t_s - self.read_s <= _CONFIRMED_S and self.thumbnail.shows_the_same(thumbnail)

    def moved_since(self, before: _Reading | None) -> float:
        """Change of the eye's opening; infinite if the opening before is unknown."""
        if before is None or self.t_s - before.t_s > _KNOWN_S:
            return math.inf
        return abs(opening_of(self.eye) - opening_of(before.eye))


@dataclass(slots=True)
class _Known:
    """What is known of the eyes of one face, by side."""

    readings: dict[int, _Reading] = field(default_factory=dict)
    looked_s: float = float("-inf")
    lids: tuple[float, float] = (0.0, 0.0)
    """Aspect ratios of the mesh at the last reading."""
    calm: bool = False
    """Whether the last reading found the opening of every eye unchanged."""

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
        """The sides that face the camera and have not been read in this frame with this mesh."""
        seen = [side for side, read in self.readings.items() if (read.t_s, read.mesh_s) == (t_s, head.t_s)]
        return [side for side in head.readable if side not in seen]

    def _may_rest(self, t_s: float, head: Head) -> bool:
        moved = max(abs(now - before) for now, before in zip(head.lids, self.lids, strict=True))
        fresh = all(t_s - self.readings[side].t_s <= _KNOWN_S for side in head.readable)
        looked_at = head.t_s == t_s and moved <= _LIDS_STILL
        return self.calm and fresh and looked_at and t_s - self.looked_s <= _REST_S

    def take(self, readings: Mapping[int, _Reading], lids: tuple[float, float]) -> bool:
        """Keep new readings; returns whether an eye has moved so much that the other has to be read too."""
        moved = max(reading.moved_since(self.readings.get(side)) for side, reading in readings.items())
        self.calm = moved <= _STILL
        self.looked_s, self.lids = max(reading.t_s for reading in readings.values()), lids
        self.readings |= readings
        return moved > _STARTLING


class EyeReader:
    """Reads the eyes of the tracked faces; readings of a face are dropped with its track."""

    def __init__(self, bundle: Bundle) -> None:
        self._model = EyeModel(bundle)
        self._known: dict[int, _Known] = {}

    def glance(self, frame: Frame, heads: Mapping[int, Head]) -> list[int]:
        """Read the eyes that are due; returns the tracks with an eye that has moved: call `stare` for those."""
        self._known = {track: self._known.get(track, _Known()) for track in heads}
        due = {track: self._known[track].due(frame.t_s, head) for track, head in heads.items()}
        return self._look(frame, heads, due)

    def stare(self, frame: Frame, heads: Mapping[int, Head]) -> None:
        """Read the eyes of these tracks that face the camera and have not been read with this mesh in this frame."""
        due = {track: self._known[track].unseen(frame.t_s, head) for track, head in heads.items()}
        self._look(frame, heads, due)
        for track in heads:
            self._known[track].calm = False

    def eyes(self, track: int) -> tuple[Eye, Eye]:
        """(right eye, left eye) as they were last read."""
        readings = self._known[track].readings
        return readings[0].eye, readings[1].eye

    def _look(self, frame: Frame, heads: Mapping[int, Head], due: Mapping[int, list[int]]) -> list[int]:
        """Read these sides of these tracks in one run; returns the tracks with an eye that has moved much."""
        places = [(track, side) for track, sides in due.items() for side in sides]
        crops = [heads[track].eye_crops[side] for track, side in places]
        views = [crop.cut(frame.image, INPUT_PX) for crop in crops]
        found: dict[int, dict[int, _Reading]] = {}
        unread: list[tuple[int, int, Crop, Image, _Thumbnail]] = []
        for (track, side), crop, view in zip(places, crops, views, strict=True):
            thumbnail, before = _thumbnail(view), self._known[track].readings.get(side)
            if before and before.stands(frame.t_s, thumbnail):
                found.setdefault(track, {})[side] = replace(before, t_s=frame.t_s, mesh_s=heads[track].t_s)
            else:
                unread.append((track, side, crop, view, thumbnail))
        eyes = self._model.read_crops([item[3] for item in unread], [item[2] for item in unread]) if unread else []
        for (track, side, _, _, thumbnail), eye in zip(unread, eyes, strict=True):
            reading = _Reading(eye, frame.t_s, heads[track].t_s, frame.t_s, thumbnail)
            found.setdefault(track, {})[side] = reading
        return [track for track, read in found.items() if self._known[track].take(read, heads[track].lids)]


def _thumbnail(view: Image) -> _Thumbnail:
    eye = cv2.cvtColor(np.ascontiguousarray(view[EYE_ROWS, EYE_COLUMNS]), cv2.COLOR_BGR2GRAY)
    levels = cv2.resize(eye, _THUMBNAIL_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
    levels -= levels.mean()
    return _Thumbnail(levels, float(np.sqrt(np.mean(levels * levels))))


def turned_away(pose: HeadPose) -> bool:
    """Whether the head (or the camera) is turned too far for the lids to be judged."""
    nodded = not -_MOST_PITCH_UP_DEG <= pose.pitch_deg <= _MOST_PITCH_DOWN_DEG
    return abs(pose.yaw_deg) > _MOST_YAW_DEG or nodded or _turned(pose) is Reason.UPSIDE_DOWN


def seeing(qualities: list[EyeQuality]) -> list[int]:
    """The places of the eyes that are not hidden; if one is hidden, the other must be clearly seen."""
    hidden = [quality for quality in qualities if quality.contrast < _LEAST_CONTRAST]
    if not hidden:
        return list(range(len(qualities)))
    brightest = max(quality.brightness for quality in hidden)
    return [
        place
        for place, quality in enumerate(qualities)
        if quality.contrast >= _CLEAR_CONTRAST and brightest < _PATCH_DARKER * quality.brightness
    ]


def why_unusable(eye_width_px: float, pose: HeadPose, qualities: list[EyeQuality]) -> Reason | None:
    """The first reason that applies, or None; `qualities` are those of the eyes that face the camera enough."""
    if eye_width_px < _LEAST_EYE_WIDTH_PX:
        return Reason.TOO_SMALL
    if turned_away(pose) or not qualities:
        return _turned(pose)
    if max(quality.brightness for quality in qualities) < _LEAST_BRIGHTNESS:
        return Reason.DARK
    if not seeing(qualities):
        return Reason.EYES_HIDDEN
    if max(quality.sharpness for quality in qualities) < _LEAST_SHARPNESS:
        return Reason.BLURRED
    return None


def _turned(pose: HeadPose) -> Reason:
    return Reason.UPSIDE_DOWN if abs(pose.roll_deg) > _MOST_ROLL_DEG else Reason.TURNED_AWAY
