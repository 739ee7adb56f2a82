"""The light stages of one run, in one thread: fatigue, affect, alerts, summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from edge.affect.features import UtteranceFeatures
from edge.affect.fusion_model import ROLE, FusionModel
from edge.affect.monitor import AffectMonitor
from edge.alerts.arming import Arming
from edge.alerts.engine import AlertEngine
from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.config.purpose import Purpose
from edge.fatigue.driver import DriverChoice
from edge.fatigue.drowsiness import ROLE as DROWSINESS
from edge.fatigue.drowsiness import DrowsinessModel
from edge.fatigue.monitor import FatigueMonitor
from edge.messages import Alert, Anomaly, Face, Message, Sound, Source, Speech, Speed, Summary, Utterance
from edge.runtime import inference
from edge.runtime.senses import Heard
from edge.runtime.summary import Summarizer


def trained_fusion(bundle: Bundle, config: Config) -> FusionModel | None:
    """The bundle's fusion model, where it has one and moods are inferred.

    Raises:
        BundleError: it was trained on other features than this program computes.
    """
    return FusionModel(bundle) if inference.moods(config) and bundle.has(ROLE) else None


def blink_model(bundle: Bundle, config: Config) -> DrowsinessModel | None:
    """The bundle's model of blinks, where it has one and fatigue is wanted."""
    return DrowsinessModel(bundle) if config.fatigue.enabled and bundle.has(DROWSINESS) else None


class Judgement:
    """Every message it returns has already passed the alerts and the summary."""

    def __init__(
        self,
        config: Config,
        session: str,
        fusion: FusionModel | None = None,
        features: Callable[[UtteranceFeatures], None] | None = None,
        drowsiness: DrowsinessModel | None = None,
    ) -> None:
        """`fusion` judges utterances instead of the late-fusion mean; `features` is told what it would see of them.

        `drowsiness` judges blinks; without it nothing is estimated from them.
        """
        self._fatigue = FatigueMonitor(config.fatigue, drowsiness, config.attention) if config.fatigue.enabled else None
        self._driver = DriverChoice(config.vision.driver) if config.purpose is Purpose.DRIVER_SAFETY else None
        self._arming = Arming(config.arming)
        self._affect = (
            AffectMonitor(config.affect, fusion, features, config.allowance)
            if inference.moods(config) or inference.groups(config)
            else None
        )
        self._hears_distress = config.affect.enabled
        self._alerts = AlertEngine(config.alerts, session, self._arming)
        self._summary = Summarizer(config.summary.every_s)

    def source(self, source: Source) -> list[Message]:
        """A source or a stage was lost, is back or is absent."""
        return self._told([source])

    def speed(self, speed: Speed) -> list[Message]:
        """The vehicle's speed."""
        return self._told(self._arming.speed(speed))

    def seen(self, faces: Sequence[Face], speaking: bool) -> list[Message]:
        """The faces of one picture; `speaking`: whether somebody spoke when it was taken.

        Where the purpose is the driver's safety, nobody else in the picture is judged.
        """
        if not faces:
            return []
        messages: list[Message] = [*self._arming.advance(faces[0].t_s)]
        for face in [self._driver.choose(faces)] if self._driver else faces:
            judged = self._fatigue.step(face) if self._fatigue else [face]
            messages += judged
            if self._affect:
                messages += self._affect.observe(next((m for m in judged if isinstance(m, Face)), face), speaking)
        unusual = self._affect.anomalies(faces[0].t_s) if self._affect else []
        return [*self._told(messages), *self._alerted(unusual)]

    def sounded(self, sounds: Iterable[Sound]) -> list[Message]:
        """How loud it was."""
        told: list[Message] = []
        for sound in sounds:
            if self._affect:
                self._affect.sound(sound)
            told += self._alerted([sound.distress] if sound.distress and self._hears_distress else [])
        return told

    def spoken(self, utterance: Utterance) -> list[Message]:
        """Somebody has just spoken."""
        return self._told([Speech(utterance.end_s, utterance.start_s, utterance.end_s)])

    def heard(self, heard: Heard) -> list[Message]:
        """What was made of an utterance; may come late."""
        messages: list[Message] = [heard.transcript] if heard.transcript else []
        if self._affect:
            messages += self._affect.utterance(heard.utterance, heard.transcript, heard.sentiment, heard.prosody)
        return self._told(messages)

    def snooze(self, t_s: float, kind: str, seconds: float) -> list[Message]:
        """Silence a kind of alert below critical for so long; AlertOrderError says why not."""
        self._alerts.passed(t_s)
        return self._counted(self._alerts.snooze(kind, t_s + seconds))

    def acknowledge(self, t_s: float, id_: str) -> list[Message]:
        """Stop the repeats of an open alert; AlertOrderError says why not."""
        self._alerts.passed(t_s)
        return self._counted(self._alerts.acknowledge(id_))

    def retune(self, config: Config) -> None:
        """Take over what a command may move of `fatigue`, `affect` and `alerts` (`edge.publish.requests`)."""
        self._alerts.retune(config.alerts)
        if self._fatigue:
            self._fatigue.retune(config.fatigue)
        if self._affect:
            self._affect.retune(config.affect.alerts_per_hour)

    @property
    def snoozed_s(self) -> Mapping[str, float]:
        """Until when each snoozed kind of alert is silent."""
        return self._alerts.snoozed_s

    def so_far(self, t_s: float) -> Summary:
        """The summary of the period that goes on."""
        return self._summary.so_far(t_s)

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
            told += self._alerted([message])
        return told

    def _alerted(self, causes: Iterable[Message | Anomaly]) -> list[Message]:
        """The alerts that something brings about."""
        return [message for cause in causes for message in self._counted(self._alerts.step(cause))]

    def _counted(self, alerts: Iterable[Alert]) -> list[Message]:
        """Alerts, each of them after the summary that it ends."""
        told: list[Message] = []
        for alert in alerts:
            told += [*self._summary.step(alert), alert]
        return told
