"""The live sources: camera, microphone and speed receiver are opened and kept open; their items go into queues."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from edge.capture.camera import Camera
from edge.capture.microphone import Microphone
from edge.capture.speed import GpsdClient, NmeaReceiver, payload_kmh
from edge.config import Config
from edge.config.decision import ArmingConfig
from edge.config.delivery import MqttConfig
from edge.i18n.texts import Sentence
from edge.messages import SAMPLE_RATE_HZ, SPEED, Audio, Frame, Source, Speed
from edge.publish.mqtt.client import MqttClient
from edge.publish.mqtt.packets import Disconnected, Received, SubscriptionDenied
from edge.runtime.event_queue import BoundedQueue, Event, QueueFullError
from edge.runtime.supervision import Component, Supervision
from edge.runtime.workers import StreamWorker

_SOUND_CHUNKS = 1875
"""60 s of audio: longer than any short delay, short enough that late results are still useful."""
_SOUND_LOST = Sentence("sound_dropped")
_SILENT_S = 60.0
"""A source that has not read the time for this long hangs in its driver. It reads the time at every delivery and every
attempt. Its longest pauses: a name server that does not answer (about 30 s) and a connection (10 s)."""

_SPEED_WAIT_S = 1.0

Item = Frame | Audio | Speed | Source


class LiveSource(Protocol):
    """A live source."""

    def stream(self, stop: threading.Event) -> Iterator[Item]:
        """All items until `stop` is set."""
        ...


class FrameRateLimit:
    """Admits at most `most_hz` frames a second, evenly spaced."""

    def __init__(self) -> None:
        self.most_hz: float | None = None
        self._due_s = 0.0

    def admits(self, t_s: float) -> bool:
        """Whether the frame of `t_s` is admitted; it may be a quarter of the interval early, as cameras jitter."""
        if self.most_hz is None:
            return True
        interval_s = 1.0 / self.most_hz
        if t_s < self._due_s - interval_s / 4:
            return False
        self._due_s = max(self._due_s + interval_s, t_s)
        return True


class LiveSources:
    """Camera, microphone and speed receiver.

    Frames: only the newest waits. Audio: up to a minute waits. Speeds and source reports: all are kept.
    """

    def __init__(
        self, config: Config, now: Callable[[], float], events: BoundedQueue[Event], supervision: Supervision
    ) -> None:
        """`events` takes speeds and source reports. CaptureError: the camera's URI or file cannot be used."""
        self.frames: BoundedQueue[Frame] = BoundedQueue(1)
        self.sound: BoundedQueue[Audio] = BoundedQueue(_SOUND_CHUNKS)
        self.pace = FrameRateLimit()
        self.captures: dict[str, LiveSource] = {}
        """Camera and microphone by their names in `Source` messages."""
        self._config, self._now, self._events = config, now, events
        self._supervision, self._health = supervision, supervision.health
        self._components: dict[str, Component[None]] = {}
        self._admission = supervision.bare("sound")
        self._reported: set[str] = set()
        self.ignores: Callable[[Audio], bool] = lambda _audio: False
        self._open()

    def workers(self, stop: threading.Event) -> tuple[list[StreamWorker[Item]], list[StreamWorker[Item]]]:
        """The threads of camera and microphone, and those that run as long as the box."""

        def worker(component: Component[None], source: LiveSource) -> StreamWorker[Item]:
            return StreamWorker(partial(source.stream, stop), self._take, component, self._now, stop)

        speed = _speed_source(self._config, self._now)
        observing = [worker(self._components[name], source) for name, source in self.captures.items()]
        return observing, [] if speed is None else [worker(self._supervision.bare(SPEED), speed)]

    def absences(self) -> list[Source]:
        """One `Source` for each source that the configuration does not have."""
        absent = []
        if self._config.camera.uri is None:
            absent.append(Source(0.0, "camera", "absent", Sentence("setting_unset", setting="camera.uri")))
        if self._config.microphone.device is None:
            absent.append(Source(0.0, "microphone", "absent", Sentence("setting_null", setting="microphone.device")))
        return absent

    def end(self) -> None:
        """Accept no more items; those that wait can still be taken."""
        self.frames.end()
        self.sound.end()

    def _open(self) -> None:
        camera, device = self._config.camera, self._config.microphone.device
        if camera.uri is not None:
            source = Camera(camera, device == "camera", self._clock_of("camera"), self._config.microphone.stream)
            self.captures["camera"] = source
            # a file may pause for any time
            self._components["camera"] = self._supervision.bare(
                "camera", patience_s=None if source.uri.is_file else _SILENT_S
            )
        if device not in {None, "camera"}:
            self.captures["microphone"] = Microphone(str(device), self._clock_of("microphone"))
            self._components["microphone"] = self._supervision.bare("microphone", patience_s=_SILENT_S)

    def _clock_of(self, name: str) -> Callable[[], float]:
        """The clock of one source: each reading of it is a sign of life."""

        def now_s() -> float:
            if name in self._components:
                self._components[name].beat()
            return self._now()

        return now_s

    def _take(self, item: Item) -> None:
        match item:
            case Source():
                self._events.force(item)
            case Speed():
                self._events.put(item)
            case Frame():
                self._delivers("camera", item.t_s)
                self._health.frames += 1
                if self.pace.admits(item.t_s):
                    self._health.frames_dropped += self.frames.newest(item)
                else:
                    self._health.frames_shed += 1
            case Audio():
                self._delivers("microphone", item.t_s)
                self._health.sound_s += len(item.samples) / SAMPLE_RATE_HZ
                if not self.ignores(item):
                    self._admission.guard(item.t_s, partial(self._offer, item), None)

    def _delivers(self, name: str, t_s: float) -> None:
        """Report the source as ok at its first item."""
        if name not in self._reported:
            self._reported.add(name)
            self._events.force(Source(t_s, name, "ok"))

    def _offer(self, audio: Audio) -> None:
        """Queue the audio. QueueFullError: too much waits already."""
        if not self.sound.offer(audio):
            self._health.sound_dropped_s += len(audio.samples) / SAMPLE_RATE_HZ
            raise QueueFullError(_SOUND_LOST)


class MqttSpeed:
    """The vehicle's speed from a topic of the box's broker; retained speeds are old and are ignored."""

    def __init__(self, mqtt: MqttConfig, topic: str, arming: ArmingConfig, now: Callable[[], float]) -> None:
        self._mqtt, self._topic, self._arming, self._now = mqtt, topic, arming, now

    def stream(self, stop: threading.Event) -> Iterator[Speed | Source]:
        """Every speed until `stop` is set; the client reconnects by itself."""
        client = MqttClient(self._mqtt, client_id="", subscribe=[self._topic])
        client.start()
        try:
            while not stop.is_set():
                try:
                    event = client.events.get(timeout=_SPEED_WAIT_S)
                except queue.Empty:
                    continue
                if isinstance(event, Disconnected | SubscriptionDenied):
                    yield Source(self._now(), SPEED, "lost", event.sentence)
                elif isinstance(event, Received) and not event.retained:
                    kmh = payload_kmh(event.payload, self._arming.key, self._arming.unit)
                    if kmh is not None:
                        yield Speed(self._now(), kmh)
        finally:
            client.stop()


def _speed_source(config: Config, now: Callable[[], float]) -> LiveSource | None:
    """The speed source of `arming`; None: there is none, and the box is always armed."""
    arming = config.arming
    if arming.source == "nmea" and arming.device is not None:
        return NmeaReceiver(arming.device, arming.baud, now)
    if arming.source == "gpsd":
        return GpsdClient(arming.host, arming.port, now)
    if arming.source == "mqtt" and arming.topic is not None and config.mqtt is not None:
        return MqttSpeed(config.mqtt, arming.topic, arming, now)
    return None
