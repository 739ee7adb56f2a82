"""The live box: a thread for each source and each heavy stage, bounded queues between, judgement in the caller's."""

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
"""Patience with a thread in the middle of a model when the box is stopped; a picture takes less, words may not."""
_HURRY_S = 0.05


class LiveRunner:
    """One run of the box."""

    def __init__(
        self, bundle: Bundle, config: Config, session: str, clock: RunClock, ahead: StraightAhead | None = None
    ) -> None:
        """Load the models and open the sources; `ahead` is what an earlier run has learned of this camera.

        Raises:
            BundleError: a model cannot be loaded.
            CaptureError: the configured camera's URI or file cannot be used.
        """
        self.health = RunCounters()
        self.status = SystemStatus("camera" if config.camera.uri is not None else "microphone")
        self.stuck: str | None = None
        """Why the run ended by itself and the process is to be started anew: a part hangs in a call, which nothing can
        end from outside, or cannot be begun anew. `status` may set it."""
        self.left: list[str] = []
        """Threads that were in the middle of something when the run ended, and still are."""
        self.carry_out: Callable[[CommandEvent], list[Message]] = lambda _order: []
        """What is done, by the thread that judges, for an order; nothing by default."""
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
        """Do not listen to the pieces of sound for which this is true: the box's own. Before `run`."""
        self._sources.ignores = sound

    @property
    def captures(self) -> list[LiveSource]:
        """Camera and microphone, those that the configuration has."""
        return list(self._sources.captures.values())

    def order(self, order: CommandEvent) -> bool:
        """Have an order carried out in the judging thread; False when there is no room for it. For any thread."""
        return self._events.offer(order)

    def announce(self, news: Iterable[Source | Warned]) -> None:
        """Have what parts outside the runner say of themselves judged and told. For any thread."""
        for item in news:
            self._events.force(item)

    def run(self, sinks: Sequence[Sink], stop: threading.Event, status: Callable[[RunCounters], None]) -> None:
        """Run until `stop` is set or every source has ended; then end what is open.

        `status` is called every second by the loop that judges, and may raise: then `upkeep` is lost, and the box
        watches on. A part that hangs (`stuck`) ends the run as well.
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
            self._judge(outlet, self._events.take(_TURN_S))
            if not _any_alive(sources):
                self._sources.end()
            if self._clock.now_s() - last_status_s >= _STATUS_S:
                last_status_s = self._clock.now_s()
                self._look(last_status_s)
                self._upkeep.guard(last_status_s, partial(status, self.health), None)
        if self.stuck is not None:
            self._events.force(Source(self._clock.now_s(), BOX, "lost", self.stuck))
        self._end(outlet, stages, hurry=stop.is_set() or self.stuck is not None)
        self.left = [worker.name for worker in [*sources, *others, *stages] if worker.alive]

    def _look(self, now_s: float) -> None:
        self.health.waiting = {
            "sound": len(self._sources.sound),
            "utterances": len(self._stages.utterances),
            "results": len(self._events),
        }
        self._degradation.look(now_s)
        mono_s = time.monotonic()
        self.stuck = self._supervision.stuck(mono_s)
        self.status.turned(mono_s, self.stuck)

    def _end(self, outlet: Outlet, stages: Sequence[StreamWorker[Any]], hurry: bool) -> None:
        """Take what the threads still had, then end what goes on; words that nobody waits for are counted as lost."""
        self.health.utterances_dropped += self._stages.utterances.clear() if hurry else 0
        self._sources.end()
        self._stages.utterances.end()
        until_s = time.monotonic() + _STOP_S
        while _any_alive(stages) and time.monotonic() < until_s:
            self._judge(outlet, self._events.take(_HURRY_S))
        self._events.end()
        try:
            while True:
                self._judge(outlet, self._events.take())
        except QueueEnded:
            outlet.write(self.decisions.finish(self._clock.now_s()))

    def _judge(self, outlet: Outlet, event: Event | None) -> None:
        if event is not None:
            with self._deciding.timed():
                outlet.write(self._deciding.guard(self._clock.now_s(), partial(self._messages, event), []))

    def _messages(self, event: Event) -> list[Message]:  # noqa: PLR0911 - one row a type
        """What an event brings about."""
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
