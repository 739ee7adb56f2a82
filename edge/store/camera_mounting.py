"""How the camera is mounted, as its drivers have shown it, kept over restarts: a small file beside the timeline."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from pathlib import Path
from typing import Any

from edge.config.perception import CameraConfig
from edge.fatigue.attention import Angles, StraightAhead

_FILE = "straight-ahead.json"
_MOVED_DEG = 1.0
_EVERY_S = 60.0
"""A file on a memory card is written seldom: for a change that matters, and once a minute at most."""
_log = logging.getLogger(__name__)


class Mounting:
    """Straight ahead of one camera; another address, or pictures turned otherwise, is another camera."""

    def __init__(self, folder: Path, camera: CameraConfig) -> None:
        """`folder` is the box's state folder. The file names the camera by a digest: an address may hold a password."""
        self._path = folder / _FILE
        name = f"{camera.uri} {camera.rotate} {camera.flip}"
        self._camera = hashlib.sha256(name.encode()).hexdigest()[:16]
        self._kept, self._kept_s = StraightAhead(), -math.inf

    def read(self) -> StraightAhead:
        """What an earlier run has learned; nothing where there is no file, a damaged one, or another camera's."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if found["camera"] == self._camera:
                self._kept = StraightAhead(_angles(found["head"]), _angles(found["gaze"]))
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("%s: straight ahead is learned anew: %s", self._path, error)
        return self._kept

    def keep(self, t_s: float, ahead: StraightAhead) -> None:
        """Write what is learned where it has moved; a disk that takes nothing costs the next start 15 s of learning."""
        if t_s - self._kept_s < _EVERY_S or not _moved(self._kept, ahead):
            return
        self._kept_s = t_s
        part = self._path.with_name(_FILE + ".part")
        content = {"camera": self._camera, "head": ahead.head, "gaze": ahead.gaze}
        try:
            part.write_text(json.dumps(content) + "\n", encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            _log.warning("%s: straight ahead is not kept: %s", self._path, error)
        else:
            self._kept = ahead


def _angles(found: Any) -> Angles | None:
    if found is None:
        return None
    yaw, pitch = (float(angle) for angle in found)
    if not (math.isfinite(yaw) and math.isfinite(pitch)):
        raise ValueError(f"{found} are no angles")
    return yaw, pitch


def _moved(kept: StraightAhead, ahead: StraightAhead) -> bool:
    return any(
        now is not None and (before is None or max(abs(a - b) for a, b in zip(now, before, strict=True)) > _MOVED_DEG)
        for before, now in ((kept.head, ahead.head), (kept.gaze, ahead.gaze))
    )
