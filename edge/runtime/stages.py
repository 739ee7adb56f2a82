"""The heavy stages of the live box, a thread each: pictures to faces, sound to utterances, utterances to words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from edge.messages import Audio, Frame, Utterance
from edge.runtime.health import Health
from edge.runtime.intake import Intake
from edge.runtime.judgement import Judgement
from edge.runtime.queues import Bounded, Ended
from edge.runtime.recovery import Recovery
from edge.runtime.results import Results
from edge.runtime.senses import Heard, Senses
from edge.runtime.situation import Situation
from edge.runtime.trouble import Trouble
from edge.runtime.worker import Worker

_UTTERANCES = 8
_UTTERANCE_LOST = "people speak faster than words are recognized: an utterance is not transcribed"

_Item = TypeVar("_Item")


class Stages:
    """Takes from the intake, hands to the judgement."""

    def __init__(
        self,
        senses: Senses,
        intake: Intake,
        judgement: Judgement,
        results: Results,
        health: Health,
        situation: Situation,
        now: Callable[[], float],
    ) -> None:
        self.utterances: Bounded[Utterance] = Bounded(_UTTERANCES)
        self._senses, self._intake, self._judgement = senses, intake, judgement
        self._results, self._health, self._situation, self._now = results, health, situation, now
        self._trouble = Trouble("words", results.report)

    def workers(self, stop: threading.Event) -> list[Worker[Any]]:
        """The threads; they end when the intake has ended and all that waited is worked through."""

        def worker(
            name: str, queue: Bounded[_Item], take: Callable[[_Item], None], after: Callable[[], None] = lambda: None
        ) -> Worker[_Item]:
            recovery = Recovery(f"{name} thread", self._results.report, self._health, self._senses.safe_mode)
            return Worker(partial(_taken, queue), take, recovery, self._now, stop, after)

        return [
            worker("vision", self._intake.frames, self._see),
            worker("speech", self._intake.sound, self._hear, self._end_sound),
            worker("words", self.utterances, self._understand),
        ]

    def _see(self, frame: Frame) -> None:
        speaking, faces = self._senses.speaking, self._senses.see(frame)
        self._results.put(partial(self._judgement.seen, faces, speaking))
        self._health.frames_seen += 1
        self._situation.worked("camera")

    def _hear(self, audio: Audio) -> None:
        utterances = self._senses.hear(audio)
        if sounds := self._senses.sounds():
            self._results.put(partial(self._judgement.sounded, sounds))
        self._pass_on(utterances)
        self._situation.worked("microphone")

    def _end_sound(self) -> None:
        self._pass_on(self._senses.end_sound(self._now()))
        self.utterances.end()

    def _pass_on(self, utterances: list[Utterance]) -> None:
        for utterance in utterances:
            self._health.utterances += 1
            self._results.put(partial(self._judgement.spoken, utterance))
            if self.utterances.offer(utterance):
                self._trouble.worked(utterance.end_s)
            else:
                self._health.utterances_dropped += 1
                self._trouble.failed(utterance.end_s, _UTTERANCE_LOST)
                self._results.put(partial(self._judgement.heard, Heard(utterance)))

    def _understand(self, utterance: Utterance) -> None:
        heard = self._senses.understand(utterance)
        self._results.put(partial(self._judgement.heard, heard))


def _taken(queue: Bounded[_Item]) -> Iterator[_Item]:
    """The items of a queue until it ends."""
    while True:
        try:
            item = queue.take()
        except Ended:
            return
        if item is not None:
            yield item
