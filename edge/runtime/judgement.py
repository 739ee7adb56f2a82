"""The light stages of one run, in one thread: fatigue, affect, alerts, summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from edge.affect.features import UtteranceFeatures
from edge.affect.fusion_model import ROLE, FusionModel
from edge.affect.monitor import AffectMonitor
from edge.alerts.engine import AlertEngine
from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.fatigue.monitor import FatigueMonitor
from edge.messages import Face, Message, Source, Speech, Utterance
from edge.runtime.senses import Heard
from edge.runtime.summary import Summarizer


def trained_fusion(bundle: Bundle, config: Config) -> FusionModel | None:
    """The bundle's fusion model, where it has one and affect is wanted.

    Raises:
        BundleError: it was trained on other features than this program computes.
    """
    return FusionModel(bundle) if config.affect.enabled and bundle.has(ROLE) else None


class Judgement:
    """Every message it returns has already passed the alerts and the summary."""

    def __init__(
        self,
        config: Config,
        session: str,
        fusion: FusionModel | None = None,
        features: Callable[[UtteranceFeatures], None] | None = None,
    ) -> None:
        """`fusion` judges utterances instead of the late-fusion mean; `features` is told what it would see of them."""
        self._fatigue = FatigueMonitor(config.fatigue) if config.fatigue.enabled else None
        self._affect = AffectMonitor(config.affect, fusion, features) if config.affect.enabled else None
        self._alerts = AlertEngine(config.alerts, session)
        self._summary = Summarizer(config.summary.every_s)

    def source(self, source: Source) -> list[Message]:
        """A source or a stage was lost, is back or is absent."""
        return self._told([source])

    def seen(self, faces: Iterable[Face], speaking: bool) -> list[Message]:
        """The faces of one picture; `speaking`: whether somebody spoke when it was taken."""
        messages: list[Message] = []
        for face in faces:
            judged = self._fatigue.step(face) if self._fatigue else [face]
            messages += judged
            if self._affect:
                messages += self._affect.observe(next((m for m in judged if isinstance(m, Face)), face), speaking)
        return self._told(messages)

    def spoken(self, utterance: Utterance) -> list[Message]:
        """Somebody has just spoken."""
        return self._told([Speech(utterance.end_s, utterance.start_s, utterance.end_s)])

    def heard(self, heard: Heard) -> list[Message]:
        """What was made of an utterance; may come late."""
        messages: list[Message] = [heard.transcript] if heard.transcript else []
        if self._affect:
            messages += self._affect.utterance(heard.utterance, heard.transcript, heard.sentiment, heard.prosody)
        return self._told(messages)

    def finish(self, t_s: float) -> list[Message]:
        """End everything that goes on, alerts last but for the summary that counts them."""
        rest: list[Message] = [*(self._fatigue.finish(t_s) if self._fatigue else [])]
        rest += self._affect.finish(t_s) if self._affect else []
        messages = self._told(rest)
        ended = self._alerts.finish(t_s)
        for alert in ended:
            self._summary.step(alert)
        return [*messages, *ended, *self._summary.finish(t_s)]

    def _told(self, messages: Iterable[Message]) -> list[Message]:
        """Each message, then the alerts and the summary that it brings about."""
        told: list[Message] = []
        for message in messages:
            told += [*self._summary.step(message), message]
            for alert in self._alerts.step(message):
                told += [*self._summary.step(alert), alert]
        return told
