"""Looped real clips of people who talk, laugh and grimace: every alert and every yawn in them is false."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edge.alerts.engine import AlertEngine
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config.decision import AlertsConfig, FatigueConfig
from edge.config.perception import VisionConfig
from edge.fatigue.monitor import FatigueMonitor
from edge.messages import Alert, Face, Frame, Level, Message, Yawn
from edge.vision.perception import FacePerception

CLIPS = ("talking/*.mp4", "expressive/*.mp4", "grid/*.mpg", "cab/cab_2.avi", "cab/carphone.mp4")
"""Everybody in the shared clips who neither yawns nor blinks on purpose nor goes away."""
LOOPED_S = 1800.0


@dataclass(frozen=True, slots=True)
class Loop:
    """One clip over and over."""

    clip: str
    clip_s: float
    frames: int
    usable: float
    looped_h: float
    warnings: int
    """Alerts that reached a warning or more."""
    advisories: int
    yawns: int


def loops(bundle: Path, clips: Path, progress: Callable[[str], None] = lambda _: None) -> list[Loop]:
    """Pass every clip through the vision stages once, then its faces through fatigue and alerts for half an hour."""
    models, found = Bundle(bundle), []
    for pattern in CLIPS:
        for path in sorted(clips.glob(pattern)):
            progress(path.name)
            found.append(_loop(path, _seen(models, path)))
    return found


def report(found: list[Loop]) -> dict[str, Any]:
    """The figures."""
    hours = sum(loop.looped_h for loop in found)
    return {
        "hours": round(hours, 2),
        "warnings_per_h": round(sum(loop.warnings for loop in found) / hours, 3) if hours else None,
        "yawns_per_h": round(sum(loop.yawns for loop in found) / hours, 3) if hours else None,
        "clips": [asdict(loop) for loop in found],
    }


def _seen(models: Bundle, path: Path) -> list[list[Face]]:
    perception = FacePerception(models, VisionConfig())
    return [perception.step(item) for item in MediaFile(path).read() if isinstance(item, Frame)]


def _loop(path: Path, pictures: list[list[Face]]) -> Loop:
    clip_s = pictures[-1][0].t_s - pictures[0][0].t_s
    period_s = clip_s * len(pictures) / (len(pictures) - 1)
    monitor, engine = FatigueMonitor(FatigueConfig()), AlertEngine(AlertsConfig(), session=path.stem)
    messages: list[Message] = []
    alerts: list[Alert] = []
    for face in _repeated(pictures, period_s):
        for message in monitor.step(face):
            alerts += engine.step(message)
            if isinstance(message, Yawn):
                messages.append(message)
    faces = [face for picture in pictures for face in picture]
    grave = {alert.id for alert in alerts if alert.level >= Level.WARNING}
    return Loop(
        clip=f"{path.parent.name}/{path.name}",
        clip_s=round(period_s, 2),
        frames=len(pictures),
        usable=round(sum(face.usable for face in faces) / len(faces), 3),
        looped_h=round(LOOPED_S / 3600, 3),
        warnings=len(grave),
        advisories=len({alert.id for alert in alerts} - grave),
        yawns=len(messages),
    )


def _repeated(pictures: list[list[Face]], period_s: float) -> Iterator[Face]:
    for turn in range(int(LOOPED_S / period_s) + 1):
        for picture in pictures:
            for face in picture:
                t_s = face.t_s + turn * period_s
                if t_s < LOOPED_S:
                    yield replace(face, t_s=t_s)
