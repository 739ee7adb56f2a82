"""The live box: a thread for each source and each heavy stage, bounded queues between, judgement in the caller's."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from edge.bundle.bundle import Bundle
from edge.capture.camera import Camera
from edge.capture.microphone import Microphone
from edge.config import Config
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame, Message, Source, Speed, Utterance
from edge.runtime.clock import Clock
from edge.runtime.freeze import freezer
from edge.runtime.health import Health
from edge.runtime.judgement import Judgement, blink_model, trained_fusion
from edge.runtime.queues import Bounded, Ended
from edge.runtime.senses import Heard, Senses, Words, absences
from edge.runtime.sinks import Outlet, Sink
from edge.runtime.speed import speed_source
from edge.runtime.trouble import Trouble

_log = logging.getLogger(__name__)

_SOUND_CHUNKS = 1875
"""60 s of sound: longer than any hiccup, short enough that what is heard is still worth knowing."""
_UTTERANCES = 8
_RESULTS = 256
_STATUS_S = 1.0
_STOP_S = 3.0
"""Patience with threads that are in the middle of a model or a read when the box is stopped."""

_SOUND_LOST = "sound comes faster than it is worked through: some is not listened to"
_UTTERANCE_LOST = "people speak faster than words are recognized: an utterance is not transcribed"


_Item = TypeVar("_Item")


class Capture(Protocol):
    """A live source."""

    def stream(self, stop: threading.Event) -> Iterator[Frame | Audio | Speed | Source]:
        """Everything it delivers until `stop` is set."""
        ...


Result = Callable[[], list[Message]]
"""What a thread hands to the judging one: a call that turns its result into messages."""


class LiveRunner:
    """One run of the box."""

    def __init__(self, bundle: Bundle, config: Config, session: str, clock: Clock) -> None:
        """Load the models and open the sources.

        Raises:
            BundleError: a model cannot be loaded.
            CaptureError: the configured camera's URI or file cannot be used.
        """
        self.health = Health(freeze=freezer(clock.now_s))
        fusion, drowsiness = trained_fusion(bundle, config), blink_model(bundle, config)
        self.judgement = Judgement(config, session, fusion, drowsiness=drowsiness)
        self._config, self._clock = config, clock
        self._frames: Bounded[Frame] = Bounded(1)
        self._sound: Bounded[Audio] = Bounded(_SOUND_CHUNKS)
        self._utterances: Bounded[Utterance] = Bounded(_UTTERANCES)
        self._results: Bounded[Result] = Bounded(_RESULTS)
        self._senses = Senses(bundle, config, self._report, self.health, Words(bundle, config))
        self._troubles = {name: Trouble(name, self._report) for name in ("sound", "words")}
        self._judging = Trouble("judgement", self._report_unasked)
        self._captures = self._sources()
        self._speed = speed_source(config, clock.now_s)
        self._stop = threading.Event()
        self._lost: dict[str, str] = {}
        self._awaited = {"camera"} if config.camera.uri is not None else {"microphone"}
        self.stuck: str | None = None
        """Why the run ended by itself: a stage hangs, and a thread cannot be ended from outside."""

    def run(self, sinks: Sequence[Sink], stop: threading.Event, status: Callable[[Health], None]) -> None:
        """Run until `stop` is set or every source has ended; then end what is open. `status` is called every second."""
        outlet = Outlet(sinks, self._config.allowance)
        self._stop = stop
        for source in [*absences(self._senses, self._config), *self._absent_sources()]:
            outlet.write(self.judgement.source(source))
        captures = [self._thread(f"capture-{index}", self._capture, item) for index, item in enumerate(self._captures)]
        if self._speed is not None:
            self._thread("speed", self._capture, self._speed)
        words = self._thread("words", self._understand)
        workers = [self._thread("vision", self._see), self._thread("speech", self._hear), words]
        closer = self._thread("closer", self._close, captures, workers)
        last_status_s = 0.0
        while not stop.is_set() and self.stuck is None:
            try:
                self._judge(outlet, self._results.take(_STATUS_S))
            except Ended:
                break
            if self._clock.now_s() - last_status_s >= _STATUS_S:
                last_status_s = self._clock.now_s()
                self._count()
                self.stuck = self.health.stuck(time.monotonic())
                status(self.health)
        self._end(outlet, closer)

    @property
    def ready(self) -> bool:
        """Whether the first picture (without a camera: sound) is worked through, or it is known that none comes."""
        return not self._awaited

    @property
    def situation(self) -> str:
        """What does not work, in a sentence."""
        lost = "; ".join(f"{name} lost: {detail}" for name, detail in list(self._lost.items()))
        return lost or ("all works" if self.ready else "waiting for the first picture or sound")

    def _end(self, outlet: Outlet, closer: threading.Thread) -> None:
        """Take what the threads still had, then end what goes on; words that nobody waits for are counted as lost."""
        self.health.utterances_dropped += self._utterances.clear() if self._stop.is_set() else 0
        for queue in (self._frames, self._sound, self._utterances):
            queue.end()
        closer.join(_STOP_S)
        self._results.end()
        try:
            while True:
                self._judge(outlet, self._results.take())
        except Ended:
            outlet.write(self.judgement.finish(self._clock.now_s()))

    def _judge(self, outlet: Outlet, result: Result | None) -> None:
        if result is not None:
            now_s = self._clock.now_s()
            with self.health.timed("judgement"):
                outlet.write(self._judging.guard(now_s, result, []))

    def _report(self, source: Source) -> None:
        """Any thread's word about a source or a stage."""
        self.health.losses += source.state == "lost"
        if source.state == "lost":
            self._lost[source.source] = source.detail
        else:
            self._lost.pop(source.source, None)
        self._processed(source.source)
        self._results.put(partial(self.judgement.source, source))

    def _report_unasked(self, source: Source) -> None:
        """The judging thread's word about itself: it empties the results, so it must not wait for room in them."""
        _log.error("judgement %s %s", source.state, source.detail)
        self._results.offer(partial(self.judgement.source, source))

    def _processed(self, source: str) -> None:
        """The first of a source's pictures or sounds is worked through, or it is known that none will come."""
        self._awaited.discard(source)

    def _sources(self) -> list[Capture]:
        camera, device = self._config.camera, self._config.microphone.device
        sources: list[Capture] = []
        if camera.uri is not None:
            sources.append(Camera(camera, device == "camera", self._clock.now_s))
        if device not in {None, "camera"}:
            sources.append(Microphone(str(device), self._clock.now_s))
        return sources

    def _absent_sources(self) -> list[Source]:
        absent = []
        if self._config.camera.uri is None:
            absent.append(Source(0.0, "camera", "absent", "camera.uri is not set"))
        if self._config.microphone.device is None:
            absent.append(Source(0.0, "microphone", "absent", "microphone.device is null"))
        return absent

    def _capture(self, source: Capture) -> None:
        for item in source.stream(self._stop):
            if isinstance(item, Source):
                self._report(item)
            elif isinstance(item, Speed):
                self._results.put(partial(self.judgement.speed, item))
            elif isinstance(item, Frame):
                self.health.frames += 1
                self.health.frames_dropped += self._frames.newest(item)
            else:
                self._take_sound(item)

    def _take_sound(self, audio: Audio) -> None:
        length_s = len(audio.samples) / SAMPLE_RATE_HZ
        self.health.sound_s += length_s
        if self._sound.offer(audio):
            self._troubles["sound"].worked(audio.t_s)
        else:
            self.health.sound_dropped_s += length_s
            self._troubles["sound"].failed(audio.t_s, _SOUND_LOST)

    def _see(self) -> None:
        for frame in _taken(self._frames):
            speaking, faces = self._senses.speaking, self._senses.see(frame)
            self._results.put(partial(self.judgement.seen, faces, speaking))
            self._processed("camera")

    def _hear(self) -> None:
        for audio in _taken(self._sound):
            utterances = self._senses.hear(audio)
            self._processed("microphone")
            if sounds := self._senses.sounds():
                self._results.put(partial(self.judgement.sounded, sounds))
            self._pass_on(utterances)
        self._pass_on(self._senses.end_sound(self._clock.now_s()))
        self._utterances.end()

    def _pass_on(self, utterances: list[Utterance]) -> None:
        for utterance in utterances:
            self.health.utterances += 1
            self._results.put(partial(self.judgement.spoken, utterance))
            if self._utterances.offer(utterance):
                self._troubles["words"].worked(utterance.end_s)
            else:
                self.health.utterances_dropped += 1
                self._troubles["words"].failed(utterance.end_s, _UTTERANCE_LOST)
                self._results.put(partial(self.judgement.heard, Heard(utterance)))

    def _understand(self) -> None:
        for utterance in _taken(self._utterances):
            heard = self._senses.understand(utterance)
            self._results.put(partial(self.judgement.heard, heard))

    def _close(self, captures: list[threading.Thread], workers: list[threading.Thread]) -> None:
        """When every source has ended, let the workers finish what waits, then end the results."""
        for thread in captures:
            thread.join()
        self._frames.end()
        self._sound.end()
        for thread in workers:
            thread.join()
        self._results.end()

    def _count(self) -> None:
        self.health.waiting = {
            "sound": len(self._sound),
            "utterances": len(self._utterances),
            "results": len(self._results),
        }

    def _thread(self, name: str, work: Callable[..., None], *arguments: object) -> threading.Thread:
        """Start a thread; what it did not expect is announced as the loss of its part of the box."""

        def guarded() -> None:
            try:
                work(*arguments)
            except Exception as error:  # the last guard before a thread dies unheard
                _log.exception("thread %s ended", name)
                self._report(Source(self._clock.now_s(), name, "lost", f"{type(error).__name__}: {error}"))

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread


def _taken(queue: Bounded[_Item]) -> Iterator[_Item]:
    """The items of a queue until it ends."""
    while True:
        try:
            item = queue.take()
        except Ended:
            return
        if item is not None:
            yield item
