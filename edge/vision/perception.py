"""Face perception: detector, tracker, mesh, eyes and expression in one; and whether the camera is upside down.

Expressions are weak evidence, to be compared with the person's own neutral face. The detector knows upright faces: in a
frame that is upside down it finds better ones after the frame is turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge.bundle.bundle import Bundle
from edge.config.perception import VisionConfig
from edge.i18n.texts import Sentence
from edge.messages import Face, Frame, Reason, Side, Source
from edge.vision.crop import Crop, Image
from edge.vision.detector import Detection, FaceDetector, FaceSearch
from edge.vision.geometry import eye_opening, eye_reading, gaze
from edge.vision.iris import Eye
from edge.vision.mesh import FaceMesh
from edge.vision.tracker import Track, Tracker, head_of
from edge.vision.usable_eyes import EyeReader, seeing, why_unusable

EXPRESSION_SIDE = 0.87
"""Side of the crop over that of the mesh's crop; a net may use its middle only."""
_UPRIGHT_SCORE = 0.9
"""Upright faces score at least this in 13 of the 14 clips of the shared data; upside down they reach 0.83."""
_TURNED_SCORE, _TURNED_GAIN = 0.8, 0.05
"""A turned frame has a face with at least the first score, and with the second more than the unturned frame: upright
faces score 0.10 more than the same frame upside down in every clip."""
_TURNED_LOOK_S = 1.0
"""Time between two checks of the turned frame while there is no new face: the detector takes 4 ms."""
_ROOM_FROM = 5
"""From this many faces on, the camera watches a room: no group is smaller (`edge.affect.group_window`), no cab has
that many."""
_LOOK_S = 0.2
"""Time between searches for further faces while places are left; in a cab without a face every frame is searched."""
_LOOK_WHEN_FULL_S = 1.0
"""Time between searches while all places are taken: for a face that returns, or a much larger one."""
_EXPRESSION_S = 1.0
"""Expressions older than this are not reported."""
_SIDES: tuple[Side, Side] = ("right", "left")
_EXPRESSIVE = (None, Reason.EYES_HIDDEN)
"""Reasons for unusable eyes with which the expression is still read."""
_UPSIDE_DOWN_S = 3.0
"""A shorter time may be a person who bends over, or a camera in a hand."""
_UPSIDE_DOWN_DETAIL = Sentence("picture_upside_down")


class ExpressionModel:
    """Reads the expression of upright faces; holds no state between frames."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = bundle.session("expression")
        self._px = int(self._session.input_shapes["image"][1])
        self.labels: list[str] = bundle.role("expression").labels

    def read(self, image: Image, crops: list[Crop]) -> list[dict[str, float]]:
        """Label -> probability for each face; `crops` are the meshes' (`Mesh.next_crop`)."""
        if not crops:
            return []
        faces = [Crop(crop.x_px, crop.y_px, EXPRESSION_SIDE * crop.side_px, crop.angle_rad) for crop in crops]
        grey = [cv2.cvtColor(face.cut(image, self._px), cv2.COLOR_BGR2GRAY) for face in faces]
        batch = np.stack(grey)[..., None].astype(np.float32) / np.float32(127.5) - np.float32(1)
        rows = self._session.run({"image": batch})["probabilities"]
        return [dict(zip(self.labels, row.tolist(), strict=True)) for row in rows]


class UprightCheck:
    """Follows one camera."""

    def __init__(self, bundle: Bundle) -> None:
        self._detector = FaceDetector(bundle)
        self._looked_s = float("-inf")
        self.upside_down = False
        """Whether the last frame checked was upside down."""

    def due(self, t_s: float) -> bool:
        """Whether it is time for another check."""
        return t_s - self._looked_s >= _TURNED_LOOK_S

    def step(self, t_s: float, image: Image, found: list[Detection], new: bool) -> bool:
        """Judge a frame by the faces `found` in its present orientation; `new`: one of them is about to be tracked."""
        best = max((item.score for item in found), default=0.0)
        if best >= _UPRIGHT_SCORE:
            self.upside_down = False
        elif new or self.due(t_s):
            self._looked_s = t_s
            turned = self._detector.detect(np.ascontiguousarray(image[::-1, ::-1]))
            score = max((item.score for item in turned), default=0.0)
            self.upside_down = score >= _TURNED_SCORE and score >= best + _TURNED_GAIN
        return self.upside_down


@dataclass(frozen=True, slots=True)
class ExpressionSelection:
    """The tracks whose expressions are read."""

    least_faces: int = 1
    """Least number of faces in a frame for expressions to be read."""
    least_mouth: float = 0.0
    """Only faces with a `mouth` that is open this far."""


class FacePerception:
    """Follows the faces of one camera; the same frames give the same faces."""

    def __init__(
        self, bundle: Bundle, config: VisionConfig, reading: ExpressionSelection | None = ExpressionSelection()
    ) -> None:
        """`reading` selects the faces with expressions; None: expressions are off, and the model is not loaded."""
        self._room = config.max_faces >= _ROOM_FROM
        self._search = FaceSearch(bundle, self._room)
        self._mesh = FaceMesh(bundle)
        self._eyes = EyeReader(bundle)
        self._expression = ExpressionModel(bundle) if reading else None
        self._reading = reading or ExpressionSelection()
        self._expression_every = config.expression_every_n_frames
        self._tracker = Tracker(config.max_faces)
        self._looked_s: float | None = None
        self._upright = UprightCheck(bundle)

    def step(self, frame: Frame, expressions: bool = True) -> list[Face]:
        """Every face of the frame and every one that was lost less than `GRACE_S` ago (NO_FACE, with its number).

        Without a face, the result is one `Face` without a track; in a frame that is upside down its reason is
        UPSIDE_DOWN. `usable` is about the eyes: an unusable face has `mouth`, pose and box if the mesh was found.
        `expressions` False: expressions are not read.
        """
        self._tracker.expire(frame.t_s)
        if self._upright.upside_down and not self._upright.due(frame.t_s):
            return [Face(frame.t_s, reason=Reason.UPSIDE_DOWN)]
        self._follow(frame)
        self._look(frame)
        if self._upright.upside_down:
            for track in self._tracker.visible:
                self._tracker.lose(track)
            return [Face(frame.t_s, reason=Reason.UPSIDE_DOWN)]
        self._tracker.settle()
        self._read_eyes(frame)
        seen = self._tracker.visible
        faces = [_describe(frame.t_s, track, self._eyes.eyes(track.number)) for track in seen]
        if expressions and self._expression:
            faces = self._express(self._expression, frame, seen, faces)
        faces += [Face(frame.t_s, track.number) for track in self._tracker.tracks if not track.visible]
        return sorted(faces, key=lambda face: face.track or 0) or [Face(frame.t_s)]

    def _follow(self, frame: Frame) -> None:
        """Keep the faces whose last mesh still holds for this frame; a new mesh for the others."""
        due = []
        for track in self._tracker.visible:
            if track.stands(frame.t_s):
                self._tracker.keep(track, frame.t_s)
            else:
                due.append(track)
        self._locate(frame, due)

    def _locate(self, frame: Frame, tracks: list[Track]) -> None:
        for track, mesh in zip(tracks, self._mesh.locate(frame.image, [track.crop for track in tracks]), strict=True):
            if mesh.present:
                self._tracker.follow(track, head_of(mesh, frame.t_s))
            else:
                self._tracker.lose(track)

    def _read_eyes(self, frame: Frame) -> None:
        """Read the eyes that are due; if one has moved, both, with a mesh of this frame."""
        moved = self._eyes.glance(frame, {track.number: track.head for track in self._tracker.visible})
        if moved:
            startled = [track for track in self._tracker.visible if track.number in moved]
            self._locate(frame, [track for track in startled if track.head.t_s < frame.t_s])
            self._eyes.stare(frame, {track.number: track.head for track in startled if track.visible})

    def _look(self, frame: Frame) -> None:
        """Track new and returning faces, if a search is due."""
        if not self._look_is_due(frame.t_s):
            return
        self._looked_s = frame.t_s
        detections = self._search.look(frame.image, by_turns=bool(self._tracker.visible) and not self._room)
        claims = self._tracker.claim(detections)
        if (self._search.whole or claims) and self._upright.step(frame.t_s, frame.image, detections, new=bool(claims)):
            return
        meshes = self._mesh.locate(frame.image, [detection.crop for _, detection in claims])
        for (track, _), mesh in zip(claims, meshes, strict=True):
            if mesh.certain:
                head = head_of(mesh, frame.t_s)
                if track is not None or self._tracker.admits(head.box):
                    self._tracker.follow(track, head)

    def _look_is_due(self, t_s: float) -> bool:
        if self._looked_s is None or not (self._room or self._tracker.visible):
            return True
        return t_s - self._looked_s >= (_LOOK_WHEN_FULL_S if self._tracker.full else _LOOK_S) - 1e-6

    def _is_turn(self, track: Track, t_s: float) -> bool:
        """Whether the track's expression is due: every nth frame, or when the last one is too old."""
        stale = track.expression is not None and t_s - track.expression_s >= _EXPRESSION_S
        return stale or (track.frames - 1) % self._expression_every == 0

    def _express(self, model: ExpressionModel, frame: Frame, seen: list[Track], faces: list[Face]) -> list[Face]:
        """The faces with their expressions: new ones if due, otherwise the last ones while fresh."""
        wanted = [face.reason in _EXPRESSIVE and (face.mouth or 0.0) >= self._reading.least_mouth for face in faces]
        due = [
            track
            for track, is_wanted in zip(seen, wanted, strict=True)
            if is_wanted and self._is_turn(track, frame.t_s)
        ]
        if len(seen) < self._reading.least_faces:
            due = []
        read = model.read(frame.image, [track.crop for track in due])
        for track, expression in zip(due, read, strict=True):
            track.expression, track.expression_s = expression, frame.t_s
        return [
            replace(face, expression=track.expression) if frame.t_s - track.expression_s <= _EXPRESSION_S else face
            for track, face in zip(seen, faces, strict=True)
        ]


def _describe(t_s: float, track: Track, eyes: tuple[Eye, Eye]) -> Face:
    head, pose, seen = track.head, track.head.pose, track.head.facing
    qualities = [eyes[side].quality for side in head.readable]
    reason = why_unusable(head.eye_width_px, pose, qualities)
    clear = [head.readable[place] for place in seeing(qualities)] if reason is None else []
    shown = (seen[0] if 0 in clear else 0.0, seen[1] if 1 in clear else 0.0)
    look = gaze(eyes, shown, pose)
    return Face(
        t_s=t_s,
        track=track.number,
        box=head.box,
        usable=reason is None,
        reason=reason,
        eye_opening=eye_opening(eyes, shown, pose.pitch_deg),
        eyes=tuple(eye_reading(_SIDES[side], eyes[side], seen[side], pose.pitch_deg) for side in clear),
        mouth=head.mouth,
        yaw_deg=pose.yaw_deg,
        pitch_deg=pose.pitch_deg,
        roll_deg=pose.roll_deg,
        gaze_yaw_deg=look.yaw_deg if look else None,
        gaze_pitch_deg=look.pitch_deg if look else None,
    )


class MountCheck:
    """Faces in; source `camera` lost while they are upside down, ok with the first upright face after that."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._told = False

    def step(self, faces: Sequence[Face]) -> list[Source]:
        """Add the faces of one frame."""
        t_s, reasons = faces[0].t_s, {face.reason for face in faces}
        if Reason.UPSIDE_DOWN in reasons:
            self._since_s = t_s if self._since_s is None else self._since_s
            if not self._told and t_s - self._since_s >= _UPSIDE_DOWN_S:
                self._told = True
                return [Source(t_s, "camera", "lost", _UPSIDE_DOWN_DETAIL)]
        elif reasons != {Reason.NO_FACE}:
            self._since_s = None
            if self._told:
                self._told = False
                return [Source(t_s, "camera", "ok")]
        return []
