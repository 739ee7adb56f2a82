"""The heavy stages of one run: pictures to faces, sound to utterances, utterances to what was said and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge.affect.group_window import LEAST_GROUP
from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.fatigue.drowsiness import ROLE as DROWSINESS
from edge.fatigue.gestures import MOUTH_RISE
from edge.i18n.sentence import Sentence
from edge.messages import Audio, Face, Frame, Sound, Source, Transcript, Utterance
from edge.runtime.supervision import Component, Ends, Supervision
from edge.speech.audio_events import ROLE as AUDIO_EVENTS
from edge.speech.audio_events import AudioAnomalies, AudioEvents
from edge.speech.prosody import Prosody, ProsodyAnalyzer
from edge.speech.segmenter import SpeechSegmenter
from edge.speech.transcriber import Transcriber, load_transcriber
from edge.text.sentiment import LANGUAGES, Sentiment, TextSentiment
from edge.vision.iris import STATE_ROLE
from edge.vision.perception import ExpressionSelection, FacePerception


def infers_moods(config: Config) -> bool:
    """Whether the mood of one person is inferred, from face, voice and words."""
    return config.affect.enabled and "affect" in config.allowance.kinds


def infers_groups(config: Config) -> bool:
    """Whether it is inferred what a group has in common."""
    return config.affect.enabled and "group" in config.allowance.kinds


def infers_words(config: Config) -> bool:
    """Whether it is recognized what is said."""
    return config.speech.transcribe and config.allowance.words


def expressions_read(config: Config) -> ExpressionSelection | None:
    """Whose expressions are read; None: nobody's.

    A driver's only while the mouth is open as in a yawn: an alert must not take laughter for one.
    """
    if config.allowance.person_emotions:
        return ExpressionSelection()
    if infers_groups(config):
        return ExpressionSelection(least_faces=LEAST_GROUP)
    return ExpressionSelection(least_mouth=MOUTH_RISE) if config.fatigue.enabled else None


def withheld_reason(config: Config) -> str:
    """Why something is not inferred, in words."""
    return Sentence("purpose_withholds", purpose=config.purpose.value)


EYES = "vision"
"""The stage for whose sake the whole box is started anew."""

ROLES: dict[str, tuple[str, ...]] = {
    "vision": ("face_detector", "face_mesh", "iris", "expression"),
    "speech": ("vad",),
    AUDIO_EVENTS: (AUDIO_EVENTS,),
    "asr": ("asr",),
    "text": ("text",),
    "prosody": ("prosody",),
}
"""The roles of the bundle that each stage needs."""

PATIENCE_S: dict[str, float] = {
    "vision": 10.0,
    "speech": 10.0,
    AUDIO_EVENTS: 10.0,
    "asr": 90.0,
    "text": 10.0,
    "prosody": 10.0,
}
"""A call of a stage that takes longer hangs. 10 s is what Frigate gives its detectors; recognizing the longest
utterance (28 s) takes about its own length on a small processor, so three times that. Judgement is not here: it is the
loop that asks, and systemd's watchdog waits for it."""

OPTIONAL = {
    STATE_ROLE: Sentence("role_missing_eye_state", role=STATE_ROLE),
    DROWSINESS: Sentence("role_missing_drowsiness", role=DROWSINESS),
    AUDIO_EVENTS: Sentence("role_missing_audio_events", role=AUDIO_EVENTS),
}
"""The roles that a box with their stage can do without, and what that costs; `drowsiness` belongs to fatigue."""


def needed_roles(config: Config) -> dict[str, str]:
    """The roles that a bundle must have for this configuration, and the setting that asks for each."""
    asked = {
        "vision": "camera.uri" if config.camera.uri is not None else None,
        "speech": "microphone.device" if config.microphone.device is not None else None,
    }
    asked["prosody"] = asked["speech"] if infers_moods(config) else None
    asked["asr"] = "speech.transcribe" if asked["speech"] and infers_words(config) else None
    asked["text"] = asked["asr"] if infers_moods(config) else None
    return {role: setting for stage, setting in asked.items() if setting is not None for role in ROLES[stage]}


_Model = TypeVar("_Model")
_Answer = TypeVar("_Answer")
_Stage = TypeVar("_Stage")


@dataclass(frozen=True, slots=True)
class UtteranceAnalysis:
    """An utterance and what could be made of it; None for what is absent, failed, or found nothing."""

    utterance: Utterance
    transcript: Transcript | None = None
    sentiment: Sentiment | None = None
    prosody: Prosody | None = None


class Shared(Generic[_Model]):
    """A model that several runs share: loaded once, and anew when a run finds it broken."""

    def __init__(self, load: Callable[[], _Model]) -> None:
        self._load = load
        self.model: _Model = load()

    def renew(self) -> _Model:
        """Load it anew, for this run and those that follow."""
        self.model = self._load()
        return self.model


class LanguageModels:
    """The models of language: costly to load and without memory, so several runs share them."""

    def __init__(self, bundle: Bundle, config: Config, transcriber: Transcriber | None = None) -> None:
        """Load what the bundle has and the config wants; `absent` says why the rest is not there.

        A `transcriber` that is given is taken instead of the bundle's: words that are known already.
        """
        self.absent: dict[str, str] = {}
        self.transcriber: Shared[Transcriber] | None = None
        self.sentiment: Shared[TextSentiment] | None = None
        if not infers_words(config):
            switched_off = Sentence("switched_off", setting="speech.transcribe")
            reason = withheld_reason(config) if config.speech.transcribe else switched_off
            self.absent = dict.fromkeys(("asr", "text"), reason)
            return
        if transcriber is not None:
            self.transcriber = Shared(lambda: transcriber)
        elif _has(bundle, "asr", self.absent):
            self.transcriber = Shared(lambda: load_transcriber(bundle, config.speech))
        if not infers_moods(config):
            self.absent["text"] = Sentence("switched_off", setting="affect.enabled")
        elif _has(bundle, "text", self.absent):
            self.sentiment = Shared(lambda: TextSentiment(bundle))


class PerceptionStages:
    """One run's stages; a stage that is absent or fails gives nothing, and the supervision tells it once.

    `see`, `hear` and `understand` share no state: each may have a thread of its own.
    """

    def __init__(self, bundle: Bundle, config: Config, supervision: Supervision, words: LanguageModels) -> None:
        self._supervision = supervision
        self.absent: dict[str, str] = dict(words.absent)
        """Why a stage is not there, by its name."""
        self.expressions = self.words = True
        """False: not read, not recognized, for now."""
        self._listener = AudioAnomalies()
        reading = expressions_read(config)
        self._vision = self._built(bundle, "vision", lambda: FacePerception(bundle, config.vision, reading))
        self._speech = self._built(
            bundle, "speech", lambda: SpeechSegmenter(bundle, config.speech, self._listener.window)
        )
        self._events = self._built(bundle, AUDIO_EVENTS, lambda: AudioEvents(bundle)) if self._speech else None
        self._prosody: Component[ProsodyAnalyzer] | None = None
        if infers_moods(config):
            self._prosody = self._built(bundle, "prosody", lambda: ProsodyAnalyzer(bundle))
        elif config.affect.enabled:
            self.absent["prosody"] = withheld_reason(config)
        self._asr = self._shared("asr", words.transcriber)
        self._text = self._shared("text", words.sentiment)
        for role, absence in OPTIONAL.items():
            stage = self._speech if role == AUDIO_EVENTS else self._vision
            if stage and not bundle.has(role) and (config.fatigue.enabled or role != DROWSINESS):
                self.absent[role] = absence

    @property
    def speaking(self) -> bool:
        """Whether somebody is speaking right now."""
        speech = self._speech.part if self._speech else None
        return speech is not None and speech.speaking

    @property
    def transcribes(self) -> bool:
        """Whether words are recognized in this run, which may take longer than they are spoken."""
        return self._asr is not None

    def see(self, frame: Frame) -> list[Face]:
        """The faces in one picture, or that there is none; empty when vision is absent or fails."""
        return (
            self._vision.run(frame.t_s, lambda vision: vision.step(frame, self.expressions), []) if self._vision else []
        )

    def hear(self, audio: Audio) -> list[Utterance]:
        """The utterances that ended in this piece of sound."""
        if self._events:
            self._events.run(audio.t_s, lambda events: self._listener.hear(events.step(audio)), None)
        return self._speech.run(audio.t_s, lambda speech: speech.step(audio), []) if self._speech else []

    def sounds(self) -> list[Sound]:
        """How loud it was, and what was unusual, since the last call; call it where `hear` is called."""
        return self._listener.take()

    def end_sound(self, t_s: float) -> list[Utterance]:
        """The utterance that was still going on when the sound ended."""
        return self._speech.run(t_s, lambda speech: speech.finish(), []) if self._speech else []

    def understand(self, utterance: Utterance) -> UtteranceAnalysis:
        """What was said, what the words mean for the mood, and how they were spoken."""
        t_s = utterance.end_s
        transcript = _asked(self._asr, t_s, lambda asr: asr.transcribe(utterance)) if self.words else None
        text, language = (transcript.text, transcript.language) if transcript else ("", None)
        return UtteranceAnalysis(
            utterance,
            transcript,
            _asked(self._text, t_s, lambda model: model.score(text)) if text and language in LANGUAGES else None,
            _asked(self._prosody, t_s, lambda prosody: prosody.step(utterance, language)),
        )

    def _built(self, bundle: Bundle, name: str, make: Callable[[], _Stage]) -> Component[_Stage] | None:
        return self._component(name, make(), make) if _has(bundle, name, self.absent) else None

    def _shared(self, name: str, shared: Shared[_Stage] | None) -> Component[_Stage] | None:
        return self._component(name, shared.model, shared.renew) if shared else None

    def _component(self, name: str, stage: _Stage, make: Callable[[], _Stage]) -> Component[_Stage]:
        ends: Ends = "if it worked" if name == EYES else "never"  # a GPU's context may be broken for good
        return self._supervision.component(name, make, stage, ends, PATIENCE_S[name])


def _asked(part: Component[_Stage] | None, t_s: float, question: Callable[[_Stage], _Answer | None]) -> _Answer | None:
    return part.run(t_s, question, None) if part else None


def absences(perception: PerceptionStages, config: Config) -> list[Source]:
    """One `Source` at time 0 for each stage that this run goes without, and why."""
    reasons = dict(perception.absent)
    if not config.fatigue.enabled:
        reasons["fatigue"] = Sentence("switched_off", setting="fatigue.enabled")
    if not config.affect.enabled:
        reasons["affect"] = Sentence("switched_off", setting="affect.enabled")
    elif not (infers_moods(config) or infers_groups(config)):
        reasons["affect"] = withheld_reason(config)
    return [Source(0.0, name, "absent", reason) for name, reason in reasons.items()]


def _has(bundle: Bundle, name: str, absent: dict[str, str]) -> bool:
    missing = [role for role in ROLES[name] if not bundle.has(role)]
    if missing:
        absent[name] = Sentence("roles_missing", roles=tuple(missing))
    return not missing
