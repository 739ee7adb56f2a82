"""The decision stages of one run, in one thread: fatigue, affect, alerts, summaries; each is guarded separately."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from edge.affect.fusion_model import ROLE, FusionModel, UtteranceFeatures
from edge.affect.monitor import AffectMonitor
from edge.alerts.condition import DISTRESS
from edge.alerts.engine import AlertEngine
from edge.alerts.suppression import AlertCommandError, Arming
from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.config.purpose import Purpose
from edge.fatigue.attention import StraightAhead
from edge.fatigue.drowsiness import ROLE as DROWSINESS
from edge.fatigue.drowsiness import DrowsinessModel
from edge.fatigue.monitor import DriverChoice, FatigueMonitor
from edge.messages import Alert, Anomaly, Face, Message, Sound, Source, Speech, Speed, Summary, Utterance
from edge.runtime.perception_stages import UtteranceAnalysis, infers_groups, infers_moods
from edge.runtime.supervision import Supervision
from edge.status import SystemStatus
from edge.summary import Summarizer, TripMeter
from edge.vision.perception import MountCheck

_Result = TypeVar("_Result")


def trained_fusion(bundle: Bundle, config: Config) -> FusionModel | None:
    """The bundle's fusion model, if it has one and moods are inferred.

    Raises:
        BundleError: it was trained on other features than this program computes.
    """
    return FusionModel(bundle) if infers_moods(config) and bundle.has(ROLE) else None


def blink_model(bundle: Bundle, config: Config) -> DrowsinessModel | None:
    """The bundle's model of blinks, if it has one and fatigue is enabled."""
    return DrowsinessModel(bundle) if config.fatigue.enabled and bundle.has(DROWSINESS) else None


class DecisionStages:
    """Observations in, messages out; every returned message has already passed the alerts and the summary.

    A stage that raises gives no result for that message, and the others go on: a fault in the mood of a driver must not
    cost the alert about the driver's eyes.
    """

    def __init__(
        self,
        config: Config,
        session: str,
        fusion: FusionModel | None = None,
        features: Callable[[UtteranceFeatures], None] | None = None,
        drowsiness: DrowsinessModel | None = None,
        supervision: Supervision | None = None,
        status: SystemStatus | None = None,
        ahead: StraightAhead | None = None,
    ) -> None:
        """`fusion` judges utterances instead of the late-fusion mean; `features` gets its input for each utterance.

        `drowsiness` judges blinks; without it blinks give no estimate. `status` takes every report about a component.
        `ahead` is what an earlier run has learned about this camera.
        """
        self._config, self._session = config, session
        self._fusion, self._features, self._drowsiness = fusion, features, drowsiness
        self.status = status or SystemStatus()
        self._driver = DriverChoice(config.vision.driver) if config.purpose is Purpose.DRIVER_SAFETY else None
        self._arming, self._trips = Arming(config.arming), TripMeter()
        self._mount = MountCheck()
        self.ahead = ahead or StraightAhead()
        """The direction straight ahead of this camera, as learned so far."""
        parts = supervision or Supervision()
        self._fatigue = (
            parts.component("fatigue", self._new_fatigue, self._new_fatigue(), "always")
            if config.fatigue.enabled
            else None
        )
        self._affect = (
            parts.component("affect", self._new_affect, self._new_affect())
            if infers_moods(config) or infers_groups(config)
            else None
        )
        self._hears_distress = config.affect.enabled
        self._alerts = parts.component("alerts", self._new_alerts, self._new_alerts(), "always")
        self._summary = parts.component("summary", self._new_summary, self._new_summary())

    def source(self, source: Source) -> list[Message]:
        """Handle a report about a source or a stage: lost, ok or absent. A repeated report gives no message."""
        return self._with_alerts([source]) if self.status.take(source) else []

    def without(self, source: Source) -> list[Message]:
        """Report once that this run does not have a component; later reports about it give no message."""
        self.status.do_without(source)
        return self._with_alerts([source])

    def speed(self, speed: Speed) -> list[Message]:
        """Handle the vehicle's speed."""
        known = [message for source in self._arming.speed(speed) for message in self.source(source)]
        return [*known, *self._with_alerts(self._trips.step(speed))]

    def seen(self, faces: Sequence[Face], speaking: bool) -> list[Message]:
        """Handle the faces of one frame; `speaking`: whether somebody was speaking when it was taken.

        With the purpose of driver safety, only the driver is judged.
        """
        if not faces:
            return []
        t_s = faces[0].t_s
        reports = [*self._arming.advance(t_s), *self._mount.step(faces)]
        reported = [message for source in reports for message in self.source(source)]
        messages: list[Message] = []
        for face in [self._driver.choose(faces)] if self._driver else faces:
            messages += self._person(face, speaking)
        if self._fatigue and self._fatigue.part:
            self.ahead = self._fatigue.part.ahead
        unusual = self._run_affect(t_s, lambda affect: affect.anomalies(t_s))
        return [*reported, *self._with_alerts(messages), *self._alerts_of(unusual)]

    def sounded(self, sounds: Iterable[Sound]) -> list[Message]:
        """Handle loudness and audio events."""
        messages: list[Message] = []
        for sound in sounds:
            if self._affect:
                self._affect.run(sound.t_s, partial(AffectMonitor.sound, sound=sound), None)
            messages += self._alerts_of(one for one in sound.unusual if self._hears_distress or one.alert != DISTRESS)
        return messages

    def spoken(self, utterance: Utterance) -> list[Message]:
        """Handle an utterance that has just ended."""
        return self._with_alerts([Speech(utterance.end_s, utterance.start_s, utterance.end_s)])

    def heard(self, analysis: UtteranceAnalysis) -> list[Message]:
        """Handle the analysis of an utterance; it may come late."""
        messages: list[Message] = [analysis.transcript] if analysis.transcript else []
        parts = analysis.utterance, analysis.transcript, analysis.sentiment, analysis.prosody
        messages += self._run_affect(analysis.utterance.end_s, lambda affect: affect.utterance(*parts))
        return self._with_alerts(messages)

    def snooze(self, t_s: float, kind: str, seconds: float) -> list[Message]:
        """Silence a kind of alert below critical for `seconds`; AlertCommandError: the reason why it cannot be done."""
        self._engine.passed(t_s)
        return self._with_summaries(self._engine.snooze(kind, t_s + seconds))

    def acknowledge(self, t_s: float, id_: str) -> list[Message]:
        """Stop the repeats of an open alert; AlertCommandError: the reason why it cannot be done."""
        self._engine.passed(t_s)
        return self._with_summaries(self._engine.acknowledge(id_))

    def retune(self, config: Config) -> None:
        """Apply the settings that a command may change in `fatigue`, `affect` and `alerts`."""
        self._config = config
        if self._alerts.part:
            self._alerts.part.retune(config.alerts)
        if self._fatigue and self._fatigue.part:
            self._fatigue.part.retune(config.fatigue)
        if self._affect and self._affect.part:
            self._affect.part.retune(config.affect.alerts_per_hour)

    @property
    def snoozed_s(self) -> Mapping[str, float]:
        """When the snooze of each kind of alert ends."""
        return self._alerts.part.snoozed_s if self._alerts.part else {}

    def so_far(self, t_s: float) -> Summary:
        """The summary of the current period."""
        return (self._summary.part or self._new_summary()).so_far(t_s)

    def finish(self, t_s: float) -> list[Message]:
        """Close everything that is open: alerts last, then the summary that counts them."""
        rest: list[Message] = self._fatigue.run(t_s, lambda fatigue: fatigue.finish(t_s), []) if self._fatigue else []
        messages = self._with_alerts([*rest, *self._run_affect(t_s, lambda affect: affect.finish(t_s))])
        ended: list[Alert] = self._alerts.run(t_s, lambda alerts: alerts.finish(t_s), [])
        for alert in ended:
            self._summaries(alert)
        last: list[Summary] = self._summary.run(t_s, lambda summary: summary.finish(t_s), [])
        return [*messages, *ended, *last]

    @property
    def _engine(self) -> AlertEngine:
        if self._alerts.part is None:
            raise AlertCommandError("the alerts are being restarted: try again in a few seconds")
        return self._alerts.part

    def _person(self, face: Face, speaking: bool) -> list[Message]:
        """The messages about the person of one face."""

        def judge(fatigue: FatigueMonitor) -> list[Message]:
            fatigue.drive(self._arming.armed)
            return fatigue.step(face)

        judged: list[Message] = self._fatigue.run(face.t_s, judge, [face]) if self._fatigue else [face]
        opened = next((message for message in judged if isinstance(message, Face)), face)
        return [*judged, *self._run_affect(face.t_s, lambda affect: affect.observe(opened, speaking))]

    def _run_affect(self, t_s: float, work: Callable[[AffectMonitor], Sequence[_Result]]) -> Sequence[_Result]:
        """The results of the affect stage; empty where it is switched off or fails."""
        return self._affect.run(t_s, work, []) if self._affect else []

    def _with_alerts(self, messages: Iterable[Message]) -> list[Message]:
        """Each message with the summary before it and the alerts after it."""
        result: list[Message] = []
        for message in messages:
            result += [*self._summaries(message), message]
            result += self._alerts_of([message])
        return result

    def _alerts_of(self, causes: Iterable[Message | Anomaly]) -> list[Message]:
        """The alerts that the causes raise, change or end."""
        result: list[Message] = []
        for cause in causes:
            result += self._with_summaries(self._alerts.run(cause.t_s, partial(AlertEngine.step, message=cause), []))
        return result

    def _with_summaries(self, alerts: Iterable[Alert]) -> list[Message]:
        """The alerts, each after the summary of the period that it ends."""
        result: list[Message] = []
        for alert in alerts:
            result += [*self._summaries(alert), alert]
        return result

    def _summaries(self, message: Message) -> list[Summary]:
        return self._summary.run(message.t_s, lambda summary: summary.step(message), [])

    def _new_fatigue(self) -> FatigueMonitor:
        return FatigueMonitor(self._config.fatigue, self._drowsiness, self._config.attention, self.ahead)

    def _new_affect(self) -> AffectMonitor:
        return AffectMonitor(self._config.affect, self._fusion, self._features, self._config.allowance)

    def _new_alerts(self) -> AlertEngine:
        return AlertEngine(self._config.alerts, self._session, self._arming, self.status)

    def _new_summary(self) -> Summarizer:
        return Summarizer(self._config.summary.every_s, self._config.arming.source == "none")
