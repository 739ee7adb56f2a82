"""Replay: a file through one call chain, as fast as it goes, nothing dropped, the same messages every time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.bundle.bundle import sha256_of
from edge.capture.media import Choice, MediaFile, end_of
from edge.capture.picture import View
from edge.config import Config
from edge.messages import SAMPLE_RATE_HZ, Alert, Audio, Message, Source
from edge.runtime.pipeline import Pipeline
from edge.runtime.sinks import Sink

_SESSION_DIGITS = 8


@dataclass(slots=True)
class ReplayReport:
    """What one file gave."""

    path: Path
    length_s: float = 0.0
    wall_s: float = 0.0
    frames: int = 0
    frames_with_face: int = 0
    sound_s: float = 0.0
    utterances: int = 0
    alerts: int = 0
    faults: list[str] = field(default_factory=list)
    """What of the file could not be read, and stages that failed."""
    notes: list[str] = field(default_factory=list)
    """What else there is to say of the file: which of several streams was taken, what its pictures and sound lack."""

    @property
    def face_share(self) -> float | None:
        """Share of the pictures that show a face; None without pictures."""
        return self.frames_with_face / self.frames if self.frames else None

    @property
    def speed(self) -> float:
        """Seconds of recording per second of work."""
        return self.length_s / self.wall_s if self.wall_s else 0.0


def session_of(path: Path) -> str:
    """The name of the run that replays `path`: its stem and its content, so the same wherever the file lies."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', path.stem)}-{sha256_of(path)[:_SESSION_DIGITS]}"


def configured(config: Config) -> Choice:
    """Which streams of a recording a configuration asks for, and how its camera is mounted."""
    return Choice(config.camera.stream, config.microphone.stream, View(config.camera))


def replay_file(
    path: Path,
    pipeline: Pipeline,
    sinks: Sequence[Sink],
    realtime: bool = False,
    progress: Callable[[float], None] | None = None,
    choice: Choice | None = None,
) -> ReplayReport:
    """Drive a fresh `pipeline` with a file; what its purpose permits goes to `sinks`, which stay open.

    `realtime` waits until each moment of the recording has come; `progress` is told the time reached in seconds;
    `choice` is by default what the pipeline's configuration says of streams and of how its camera is mounted.

    Raises:
        CaptureError: the file cannot be read at all.
    """
    file, report = MediaFile(path, choice or configured(pipeline.config)), ReplayReport(path)
    start_s = time.monotonic()

    def tell(messages: list[Message]) -> None:
        report.alerts += sum(isinstance(message, Alert) and message.type == "new" for message in messages)
        for message in messages:
            for sink in sinks:
                sink.write(message)

    for item in file.read():
        if isinstance(item, Source):
            if item.source == "file":
                report.faults.append(item.detail)
            elif item.detail and item.state != "absent":
                report.notes.append(f"{item.source}: {item.detail}")
        else:
            report.length_s = end_of(item)
            if realtime:
                time.sleep(max(0.0, start_s + report.length_s - time.monotonic()))
            if isinstance(item, Audio):
                report.sound_s += len(item.samples) / SAMPLE_RATE_HZ
        tell(pipeline.feed(item))
        if progress:
            progress(report.length_s)
    tell(pipeline.finish(report.length_s))
    report.frames, report.frames_with_face = pipeline.health.frames, pipeline.frames_with_face
    report.utterances = pipeline.health.utterances
    report.faults += [f"{trouble.source} failed: {trouble.detail}" for trouble in pipeline.troubles]
    report.wall_s = time.monotonic() - start_s
    return report
