"""The sources of the live box: opened, kept open, and their items dealt out by the drop policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Protocol

from edge.capture.camera import Camera
from edge.capture.microphone import Microphone
from edge.config import Config
from edge.messages import SAMPLE_RATE_HZ, SPEED, Audio, Frame, Source, Speed
from edge.runtime.clock import Clock
from edge.runtime.health import Health
from edge.runtime.judgement import Judgement
from edge.runtime.queues import Bounded
from edge.runtime.recovery import Recovery, SafeMode
from edge.runtime.results import Results
from edge.runtime.shedding import Pace
from edge.runtime.speed import speed_source
from edge.runtime.trouble import Trouble
from edge.runtime.worker import Worker

_SOUND_CHUNKS = 1875
"""60 s of sound: longer than any hiccup, short enough that what is heard is still worth knowing."""
_SOUND_LOST = "sound comes faster than it is worked through: some is not listened to"
_SILENT_S = 60.0
"""A source that has not asked for the time for so long hangs in its driver. It asks at every delivery and every
attempt; the longest pauses are those of a name server that does not answer (about 30 s) and of a connection (10 s)."""

Item = Frame | Audio | Speed | Source


class Capture(Protocol):
    """A live source."""

    def stream(self, stop: threading.Event) -> Iterator[Item]:
        """Everything it delivers until `stop` is set."""
        ...


class Pulse:
    """The time line as one source sees it; shows when the source last asked for the time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.asked_s = clock.now_s()

    def now_s(self) -> float:
        """Seconds since the start of the box."""
        self.asked_s = self._clock.now_s()
        return self.asked_s


class Intake:
    """Pictures: the newest wins. Sound: all of it, up to a minute. Speeds and words about sources: all."""

    def __init__(self, config: Config, clock: Clock, health: Health, judgement: Judgement, results: Results) -> None:
        """Raises CaptureError: the configured camera's URI or file cannot be used."""
        self.frames: Bounded[Frame] = Bounded(1)
        self.sound: Bounded[Audio] = Bounded(_SOUND_CHUNKS)
        self.pace = Pace()
        self.captures: dict[str, Capture] = {}
        """Camera and microphone, by the names that they have in `Source` messages."""
        self._config, self._clock, self._health = config, clock, health
        self._judgement, self._results = judgement, results
        self._pulses: dict[str, Pulse] = {}
        self._trouble = Trouble("sound", results.report)
        self._open()

    def workers(self, stop: threading.Event, safe_mode: SafeMode) -> tuple[list[Worker[Item]], list[Worker[Item]]]:
        """The threads of camera and microphone, and those that go on as long as the box does."""

        def worker(name: str, source: Capture) -> Worker[Item]:
            recovery = Recovery(name, self._results.report, self._health, safe_mode)
            return Worker(partial(source.stream, stop), self._take, recovery, self._clock.now_s, stop)

        speed = speed_source(self._config, self._clock.now_s)
        observing = [worker(name, source) for name, source in self.captures.items()]
        return observing, [] if speed is None else [worker(SPEED, speed)]

    def absences(self) -> list[Source]:
        """What the configuration does without."""
        absent = []
        if self._config.camera.uri is None:
            absent.append(Source(0.0, "camera", "absent", "camera.uri is not set"))
        if self._config.microphone.device is None:
            absent.append(Source(0.0, "microphone", "absent", "microphone.device is null"))
        return absent

    def stuck(self) -> str | None:
        """What to say of a source that hangs in its driver, where no time limit of ours reaches."""
        for name, pulse in self._pulses.items():
            silent_s = self._clock.now_s() - pulse.asked_s
            if silent_s > _SILENT_S:
                return f"{name} hangs: its driver has not answered for {silent_s:.0f} s"
        return None

    def end(self) -> None:
        """Deal out no more; what waits can still be taken."""
        self.frames.end()
        self.sound.end()

    def _open(self) -> None:
        camera, device = self._config.camera, self._config.microphone.device
        if camera.uri is not None:
            pulse = Pulse(self._clock)
            source = Camera(camera, device == "camera", pulse.now_s, self._config.microphone.stream)
            self.captures["camera"] = source
            if not source.uri.is_file:  # a file may pause for as long as it likes
                self._pulses["camera"] = pulse
        if device not in {None, "camera"}:
            pulse = self._pulses["microphone"] = Pulse(self._clock)
            self.captures["microphone"] = Microphone(str(device), pulse.now_s)

    def _take(self, item: Item) -> None:
        if isinstance(item, Source):
            self._results.report(item)
        elif isinstance(item, Speed):
            self._results.put(partial(self._judgement.speed, item))
        elif isinstance(item, Frame):
            self._health.frames += 1
            if not self.pace.admits(item.t_s):
                self._health.frames_shed += 1
                return
            self._health.frames_dropped += self.frames.newest(item)
        else:
            self._take_sound(item)

    def _take_sound(self, audio: Audio) -> None:
        length_s = len(audio.samples) / SAMPLE_RATE_HZ
        self._health.sound_s += length_s
        if self.sound.offer(audio):
            self._trouble.worked(audio.t_s)
        else:
            self._health.sound_dropped_s += length_s
            self._trouble.failed(audio.t_s, _SOUND_LOST)
