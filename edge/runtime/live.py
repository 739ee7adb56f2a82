"""The live box: one thread for each source and perception stage, bounded queues, decisions in the calling thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.fatigue.attention import StraightAhead
from edge.messages import Audio, Message, Source, Speed, Warned
from edge.run_registry import RunClock
from edge.runtime.decision_stages import DecisionStages, blink_model, trained_fusion
from edge.runtime.degradation import Degradation
from edge.runtime.event_queue import BoundedQueue, CommandEvent, Event, FacesEvent, QueueEnded, SoundEvent, SpeechEvent
from edge.runtime.metrics import RunCounters
from edge.runtime.perception_stages import LanguageModels, PerceptionStages, UtteranceAnalysis, absences
from edge.runtime.sinks import Outlet, Sink
from edge.runtime.sources import LiveSource, LiveSources
from edge.runtime.supervision import Supervision
from edge.runtime.watchdog import freezer
from edge.runtime.workers import PerceptionWorkers, StreamWorker
from edge.status import SystemStatus

BOX = "box"
"""Name in `Source` messages of the whole box, which is `lost` when it ends by itself."""
_WAITING = 256
_STATUS_S = 1.0
_TURN_S = 0.5
_STOP_S = 1.5
"""How long a stop waits for threads inside a model; a frame takes less time, an utterance may take more."""
_HURRY_S = 0.05


class LiveRunner:
    """One run of the box."""

    def __init__(
        self, bundle: Bundle, config: Config, session: str, clock: RunClock, ahead: StraightAhead | None = None
    ) -> None:
        """Load the models and open the sources; `ahead` is what an earlier run has learned about this camera.

        Raises:
            BundleError: a model cannot be loaded.
            CaptureError: the configured camera's URI or file cannot be used.
        """
        self.health = RunCounters()
        self.status = SystemStatus("camera" if config.camera.uri is not None else "microphone")
        self.stuck: str | None = None
        """Why the run ended by itself and the process must be restarted: a component hangs in a call, or cannot be
        restarted. `status` may set it."""
        self.left: list[str] = []
        """Threads that were still busy when the run ended."""
        self.carry_out: Callable[[CommandEvent], list[Message]] = lambda _command: []
        """Handles a command in the deciding thread; by default it does nothing."""
        self._config, self._clock = config, clock
        self._events: BoundedQueue[Event] = BoundedQueue(_WAITING)
        self._supervision = Supervision(self._events.force, self.health, freezer(clock.now_s))
        fusion, drowsiness = trained_fusion(bundle, config), blink_model(bundle, config)
        self.decisions = DecisionStages(
            config, session, fusion, drowsiness=drowsiness, supervision=self._supervision, status=self.status,
            ahead=ahead,
        )  # fmt: skip
        self._perception = PerceptionStages(bundle, config, self._supervision, LanguageModels(bundle, config))
        self._sources = LiveSources(config, clock.now_s, self._events, self._supervision)
        self._stages = PerceptionWorkers(
            self._perception,
            self._sources.frames,
            self._sources.sound,
            self._events,
            self._supervision,
            self.status,
            clock.now_s,
        )
        self._degradation = Degradation(config, self.health, self._sources, self._perception, self._events.force)
        self._deciding = self._supervision.bare("judgement", "always")
        self._upkeep = self._supervision.bare("upkeep")

    def ignore(self, sound: Callable[[Audio], bool]) -> None:
        """Drop the audio for which `sound` is true, such as the box's own warnings; call it before `run`."""
        self._sources.ignores = sound

    @property
    def captures(self) -> list[LiveSource]:
        """Camera and microphone, as far as the configuration has them."""
        return list(self._sources.captures.values())

    def command(self, command: CommandEvent) -> bool:
        """Pass a command to the deciding thread; False when the queue is full. Safe from any thread."""
        return self._events.offer(command)

    def announce(self, reports: Iterable[Source | Warned]) -> None:
        """Pass the reports of parts outside the runner to the deciding thread. Safe from any thread."""
        for item in reports:
            self._events.force(item)

    def run(self, sinks: Sequence[Sink], stop: threading.Event, status: Callable[[RunCounters], None]) -> None:
        """Run until `stop` is set or every source has ended; then close what is open.

        The deciding loop calls `status` every second. If it raises, `upkeep` is reported lost and the box goes on. A
        component that hangs (`stuck`) ends the run as well.
        """
        outlet = Outlet([self.health, *sinks], self._config.allowance, self._supervision)
        for source in [*absences(self._perception, self._config), *self._sources.absences()]:
            outlet.write(self.decisions.without(source))
        sources, others = self._sources.workers(stop)
        stages = self._stages.workers(stop)
        for worker in [*sources, *others, *stages]:
            worker.start()
        last_status_s = 0.0
        while not stop.is_set() and self.stuck is None and _any_alive(stages):
            self._decide(outlet, self._events.take(_TURN_S))
            if not _any_alive(sources):
                self._sources.end()
            if self._clock.now_s() - last_status_s >= _STATUS_S:
                last_status_s = self._clock.now_s()
                self._check(last_status_s)
                self._upkeep.guard(last_status_s, partial(status, self.health), None)
        if self.stuck is not None:
            self._events.force(Source(self._clock.now_s(), BOX, "lost", self.stuck))
        self._end(outlet, stages, hurry=stop.is_set() or self.stuck is not None)
        self.left = [worker.name for worker in [*sources, *others, *stages] if worker.alive]

    def _check(self, now_s: float) -> None:
        self.health.waiting = {
            "sound": len(self._sources.sound),
            "utterances": len(self._stages.utterances),
            "results": len(self._events),
        }
        self._degradation.step(now_s)
        mono_s = time.monotonic()
        self.stuck = self._supervision.stuck(mono_s)
        self.status.turned(mono_s, self.stuck)

    def _end(self, outlet: Outlet, stages: Sequence[StreamWorker[Any]], hurry: bool) -> None:
        """Handle the last results of the threads, then finish; utterances that are skipped are counted as dropped."""
        self.health.utterances_dropped += self._stages.utterances.clear() if hurry else 0
        self._sources.end()
        self._stages.utterances.end()
        until_s = time.monotonic() + _STOP_S
        while _any_alive(stages) and time.monotonic() < until_s:
            self._decide(outlet, self._events.take(_HURRY_S))
        self._events.end()
        try:
            while True:
                self._decide(outlet, self._events.take())
        except QueueEnded:
            outlet.write(self.decisions.finish(self._clock.now_s()))

    def _decide(self, outlet: Outlet, event: Event | None) -> None:
        if event is not None:
            with self._deciding.timed():
                outlet.write(self._deciding.guard(self._clock.now_s(), partial(self._messages, event), []))

    def _messages(self, event: Event) -> list[Message]:  # noqa: PLR0911 - one case a type
        """The messages that follow from an event."""
        match event:
            case FacesEvent():
                return self.decisions.seen(event.faces, event.speaking)
            case SoundEvent():
                return self.decisions.sounded(event.sounds)
            case SpeechEvent():
                return self.decisions.spoken(event.utterance)
            case UtteranceAnalysis():
                return self.decisions.heard(event)
            case Speed():
                return self.decisions.speed(event)
            case Source():
                return self.decisions.source(event)
            case Warned():
                return [event]
            case CommandEvent():
                return self.carry_out(event)


def _any_alive(workers: Iterable[StreamWorker[Any]]) -> bool:
    return any(worker.alive for worker in workers)
