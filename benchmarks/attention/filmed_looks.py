"""Filmed people who look down, as the vision stage measures them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config.perception import VisionConfig
from edge.messages import Face, Frame
from edge.vision.perception import FacePerception

_NOT_OPEN = ("looking_down", "closed", "narrow", "unknown")


def looks_down(bundle_folder: Path, data: Path) -> list[dict[str, Any]]:
    """Each clip of `data/drivers/truth.json` in which somebody looks down, against the same person's open eyes."""
    clips = json.loads((data / "drivers" / "truth.json").read_text(encoding="utf-8"))["clips"]
    bundle, rows = Bundle(bundle_folder), []
    for name, clip in clips.items():
        if not clip.get("looking_down"):
            continue
        perception, down, ahead = FacePerception(bundle, VisionConfig()), list[Face](), list[Face]()
        for frame in MediaFile(data / clip["path"]).read():
            if isinstance(frame, Frame):
                for face in perception.step(frame, expressions=False):
                    states = [state for state in _NOT_OPEN if _within(clip.get(state, ()), face.t_s)]
                    if face.yaw_deg is not None:
                        (down if states == ["looking_down"] else [] if states else ahead).append(face)
        rows.append({"clip": name, "person": clip["person"], "down": _seen(down), "open": _seen(ahead)})
    return rows


def _within(spans: Iterable[tuple[float, float, float]], t_s: float) -> bool:
    return any(start_s <= t_s <= end_s for start_s, end_s, _ in spans)


def _seen(faces: list[Face]) -> dict[str, Any]:
    """Pictures, the share of them with a gaze, and medians in degrees."""
    gazes = [face.gaze_pitch_deg for face in faces if face.gaze_pitch_deg is not None]
    return {
        "pictures": len(faces),
        "with_gaze": round(len(gazes) / len(faces), 2) if faces else None,
        "head_pitch_deg": round(statistics.median(face.pitch_deg or 0.0 for face in faces), 1) if faces else None,
        "gaze_pitch_deg": round(statistics.median(gazes), 1) if gazes else None,
    }
