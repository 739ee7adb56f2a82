"""The camera's mounting (straight ahead, as learned from drivers), kept over restarts in a small file."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from edge.config.perception import CameraConfig
from edge.fatigue.attention import Angles, StraightAhead
from edge.store.state_folder import log_of_file, replace_small

_FILE = "straight-ahead.json"
_MOVED_DEG = 1.0
_EVERY_S = 60.0
"""The file, often on a memory card, is written rarely: for a relevant change, at most once a minute."""


class Mounting:
    """Straight ahead of one camera; another address or rotation counts as another camera."""

    def __init__(self, folder: Path, camera: CameraConfig) -> None:
        """`folder` is the box's state folder. The file names the camera by a digest: an address may hold a password."""
        self._path = folder / _FILE
        name = f"{camera.uri} {camera.rotate} {camera.flip}"
        self._camera = hashlib.sha256(name.encode()).hexdigest()[:16]
        self._kept, self._kept_s = StraightAhead(), -math.inf

    def read(self) -> StraightAhead:
        """What an earlier run has learned; empty if the file is missing, damaged, or of another camera."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if found["camera"] == self._camera:
                self._kept = StraightAhead(_angles(found["head"]), _angles(found["gaze"]))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            log_of_file(self._path, error, "straight ahead is learned anew")
        return self._kept

    def keep(self, t_s: float, ahead: StraightAhead) -> None:
        """Write what is learned if it has changed; after a failed write the next start learns for 15 s."""
        if t_s - self._kept_s < _EVERY_S or not _moved(self._kept, ahead):
            return
        self._kept_s = t_s
        content = json.dumps({"camera": self._camera, "head": ahead.head, "gaze": ahead.gaze}) + "\n"
        if replace_small(self._path, content, "straight ahead is not kept"):
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
