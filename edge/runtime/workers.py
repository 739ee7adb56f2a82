"""The threads of the live box: one for each stream of items, restarted after unexpected errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Generic, TypeVar

from edge.capture import CaptureError
from edge.i18n.texts import Sentence
from edge.messages import Audio, Frame, Source, Utterance
from edge.runtime.event_queue import (
    BoundedQueue,
    Event,
    FacesEvent,
    QueueEnded,
    QueueFullError,
    SoundEvent,
    SpeechEvent,
)
from edge.runtime.perception_stages import PerceptionStages, UtteranceAnalysis
from edge.runtime.supervision import Component, Supervision
from edge.status import SystemStatus

_UTTERANCES = 8
UTTERANCE_LOST = Sentence("utterance_dropped")

_Item = TypeVar("_Item")


class StreamWorker(Generic[_Item]):
    """A thread that handles every item of a stream until the stream ends."""

    def __init__(
        self,
        items: Callable[[], Iterable[_Item]],
        take: Callable[[_Item], None],
        component: Component[None],
        now: Callable[[], float],
        stop: threading.Event,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """`items` opens the stream, `take` handles one item, `after` is called when the thread ends for good."""
        self.name = component.name
        self._items, self._take, self._after = items, take, after
        self._component, self._now, self._stop = component, now, stop
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Start the thread; returns at once."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._done():
            self._component.begun(self._now())
        self._component.rest()
        self._after()

    def _done(self) -> bool:
        """Work until the stream ends; False when it must be opened again."""
        try:
            for item in self._items():
                self._take(item)
                if not isinstance(
                    item, Source
                ):  # a `Source` may report a loss: it does not prove that the source works
                    self._component.worked(self._now())
        except CaptureError as error:  # live sources reconnect by themselves, so this is a file, which stays broken
            self._component.crashed(self._now(), error)
        except Exception as error:  # the last guard: a thread must not end silently
            self._component.crashed(self._now(), error)
            return self._stop.wait(self._component.delay_s)
        return True


class PerceptionWorkers:
    """The perception threads: frames to faces, audio to utterances, utterances to words and prosody."""

    def __init__(
        self,
        perception: PerceptionStages,
        frames: BoundedQueue[Frame],
        audio: BoundedQueue[Audio],
        events: BoundedQueue[Event],
        supervision: Supervision,
        status: SystemStatus,
        now: Callable[[], float],
    ) -> None:
        """`events` takes every result of the stages; results are not dropped."""
        self.utterances: BoundedQueue[Utterance] = BoundedQueue(_UTTERANCES)
        self._perception, self._frames, self._audio, self._events = perception, frames, audio, events
        self._supervision, self._health, self._status, self._now = supervision, supervision.health, status, now
        self._admission = supervision.bare("words") if perception.transcribes else None

    def workers(self, stop: threading.Event) -> list[StreamWorker[Any]]:
        """The threads; they end when the sources have ended and all waiting items are handled."""

        def worker(
            name: str,
            queue: BoundedQueue[_Item],
            take: Callable[[_Item], None],
            after: Callable[[], None] = lambda: None,
        ) -> StreamWorker[_Item]:
            component = self._supervision.bare(f"{name} thread")
            return StreamWorker(partial(_taken, queue), take, component, self._now, stop, after)

        return [
            worker("vision", self._frames, self._see),
            worker("speech", self._audio, self._hear, self._end_sound),
            worker("words", self.utterances, self._understand),
        ]

    def _see(self, frame: Frame) -> None:
        speaking, faces = self._perception.speaking, self._perception.see(frame)
        self._events.put(FacesEvent(faces, speaking))
        self._health.frames_seen += 1
        self._status.worked("camera")

    def _hear(self, audio: Audio) -> None:
        utterances = self._perception.hear(audio)
        if sounds := self._perception.sounds():
            self._events.put(SoundEvent(sounds))
        self._pass_on(utterances)
        self._status.worked("microphone")

    def _end_sound(self) -> None:
        self._pass_on(self._perception.end_sound(self._now()))
        self.utterances.end()

    def _pass_on(self, utterances: list[Utterance]) -> None:
        for utterance in utterances:
            self._health.utterances += 1
            self._events.put(SpeechEvent(utterance))
            if self._admission is None:
                self.utterances.put(utterance)
            elif not self._admission.guard(utterance.end_s, partial(self._offer, utterance), False):
                self._events.put(UtteranceAnalysis(utterance))

    def _offer(self, utterance: Utterance) -> bool:
        """Queue the utterance. QueueFullError: too many wait already."""
        if not self.utterances.offer(utterance):
            self._health.utterances_dropped += 1
            raise QueueFullError(UTTERANCE_LOST)
        return True

    def _understand(self, utterance: Utterance) -> None:
        self._events.put(self._perception.understand(utterance))


def _taken(queue: BoundedQueue[_Item]) -> Iterator[_Item]:
    """The items of a queue until it ends."""
    while True:
        try:
            item = queue.take()
        except QueueEnded:
            return
        if item is not None:
            yield item
