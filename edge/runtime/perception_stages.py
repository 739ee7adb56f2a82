"""The perception stages of one run: frames to faces, audio to utterances, utterances to transcript and prosody.

Regulation (EU) 2024/1689 Art. 5(1)(f) is about inferring emotions, not only about publishing them. Therefore only what
the purpose permits, or one of its alerts needs, is computed; other models are not loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge.affect.group_window import LEAST_GROUP
from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.fatigue.drowsiness import ROLE as DROWSINESS
from edge.fatigue.gestures import MOUTH_RISE
from edge.i18n.texts import Sentence
from edge.messages import Audio, Face, Frame, Sound, Source, Transcript, Utterance
from edge.runtime.supervision import Component, Ends, Supervision
from edge.speech.audio_events import ROLE as AUDIO_EVENTS
from edge.speech.audio_events import AudioAnomalies, AudioEvents
from edge.speech.prosody import Prosody, ProsodyAnalyzer
from edge.speech.segmenter import SpeechSegmenter
from edge.speech.transcriber import Transcriber, load_transcriber
from edge.speech.voice_states import ROLE as VOICE_AFFECT
from edge.text.sentiment import LANGUAGES, Sentiment, TextSentiment
from edge.vision.iris import STATE_ROLE
from edge.vision.perception import ExpressionSelection, FacePerception

EYES = "vision"
"""The stage whose failure restarts the whole process."""
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
"""A call of a stage that takes longer hangs. 10 s is Frigate's limit for its detectors. Transcribing the longest
utterance (28 s) takes about its own length on a small processor, so its limit is three times that. The deciding loop
has no entry: it checks the others, and systemd's watchdog checks it."""
OPTIONAL = {
    STATE_ROLE: Sentence("role_missing_eye_state", role=STATE_ROLE),
    DROWSINESS: Sentence("role_missing_drowsiness", role=DROWSINESS),
    AUDIO_EVENTS: Sentence("role_missing_audio_events", role=AUDIO_EVENTS),
    VOICE_AFFECT: Sentence("role_missing_voice_affect", role=VOICE_AFFECT),
}
"""Roles without which their stage still works, and what is missing then; `drowsiness` belongs to fatigue."""
_Model = TypeVar("_Model")
_Answer = TypeVar("_Answer")
_Stage = TypeVar("_Stage")


def infers_moods(config: Config) -> bool:
    """Whether the mood of one person is inferred, from face, voice and words."""
    return config.affect.enabled and "affect" in config.allowance.kinds


def infers_groups(config: Config) -> bool:
    """Whether the mood of a group is inferred."""
    return config.affect.enabled and "group" in config.allowance.kinds


def infers_words(config: Config) -> bool:
    """Whether speech is transcribed."""
    return config.speech.transcribe and config.allowance.words


def expressions_read(config: Config) -> ExpressionSelection | None:
    """Which faces get an expression; None: no expressions.

    A driver's is read only while the mouth is open as in a yawn, so that laughter does not raise an alert.
    """
    if config.allowance.person_emotions:
        return ExpressionSelection()
    if infers_groups(config):
        return ExpressionSelection(least_faces=LEAST_GROUP)
    return ExpressionSelection(least_mouth=MOUTH_RISE) if config.fatigue.enabled else None


def withheld_reason(config: Config) -> str:
    """The sentence why something is not inferred."""
    return Sentence("purpose_withholds", purpose=config.purpose.value)


def needed_roles(config: Config) -> dict[str, str]:
    """The roles that a bundle must have for this configuration, and the setting that needs each."""
    asked = {
        "vision": "camera.uri" if config.camera.uri is not None else None,
        "speech": "microphone.device" if config.microphone.device is not None else None,
    }
    asked["prosody"] = asked["speech"] if infers_moods(config) else None
    asked["asr"] = "speech.transcribe" if asked["speech"] and infers_words(config) else None
    asked["text"] = asked["asr"] if infers_moods(config) else None
    return {role: setting for stage, setting in asked.items() if setting is not None for role in ROLES[stage]}


@dataclass(frozen=True, slots=True)
class UtteranceAnalysis:
    """An utterance with its transcript, sentiment and prosody; None: its stage is absent or gave no result."""

    utterance: Utterance
    transcript: Transcript | None = None
    sentiment: Sentiment | None = None
    prosody: Prosody | None = None


class Shared(Generic[_Model]):
    """A model that several runs share; it is loaded again when a run finds it broken."""

    def __init__(self, load: Callable[[], _Model]) -> None:
        self._load = load
        self.model: _Model = load()

    def renew(self) -> _Model:
        """Load it again, for this run and later ones."""
        self.model = self._load()
        return self.model


class LanguageModels:
    """Transcriber and sentiment model: costly to load and stateless, so several runs share them."""

    def __init__(self, bundle: Bundle, config: Config, transcriber: Transcriber | None = None) -> None:
        """Load what the bundle has and the configuration needs; `absent` gives the reason for each missing stage.

        `transcriber` replaces the bundle's, for transcripts that are known already.
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
    """The stages of one run; an absent or failed stage gives no result, and the supervision reports it once.

    `see`, `hear` and `understand` share no state: each may run in its own thread.
    """

    def __init__(self, bundle: Bundle, config: Config, supervision: Supervision, words: LanguageModels) -> None:
        self._supervision = supervision
        self.absent: dict[str, str] = dict(words.absent)
        """Why a stage is absent, by its name."""
        self.expressions = self.words = True
        """False: expressions are not read, speech is not transcribed, until the load falls."""
        self.speaking = False
        """Whether somebody was speaking at the end of the last piece of audio."""
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
        stages = {AUDIO_EVENTS: self._speech, VOICE_AFFECT: self._prosody}
        for role, absence in OPTIONAL.items():
            if (
                stages.get(role, self._vision)
                and not bundle.has(role)
                and (config.fatigue.enabled or role != DROWSINESS)
            ):
                self.absent[role] = absence

    @property
    def transcribes(self) -> bool:
        """Whether this run transcribes speech, which may take longer than the speech itself."""
        return self._asr is not None

    def see(self, frame: Frame) -> list[Face]:
        """The faces in one frame, or one entry that says there is none; empty when vision is absent or fails."""
        return (
            self._vision.run(frame.t_s, lambda vision: vision.step(frame, self.expressions), []) if self._vision else []
        )

    def hear(self, audio: Audio) -> list[Utterance]:
        """The utterances that ended in this piece of audio."""
        if self._events:
            self._events.run(audio.t_s, lambda events: self._listener.hear(events.step(audio)), None)
        return self._segmented(audio.t_s, lambda speech: speech.step(audio))

    def sounds(self) -> list[Sound]:
        """Loudness and unusual audio events since the last call; call it in the thread of `hear`."""
        return self._listener.take()

    def end_sound(self, t_s: float) -> list[Utterance]:
        """The utterance that was still open when the audio ended."""
        return self._segmented(t_s, lambda speech: speech.finish())

    def understand(self, utterance: Utterance) -> UtteranceAnalysis:
        """Transcript, sentiment and prosody of an utterance."""
        t_s = utterance.end_s
        transcript = _asked(self._asr, t_s, lambda asr: asr.transcribe(utterance)) if self.words else None
        text, language = (transcript.text, transcript.language) if transcript else ("", None)
        return UtteranceAnalysis(
            utterance,
            transcript,
            _asked(self._text, t_s, lambda model: model.score(text)) if text and language in LANGUAGES else None,
            _asked(self._prosody, t_s, lambda prosody: prosody.step(utterance, language)),
        )

    def _segmented(self, t_s: float, work: Callable[[SpeechSegmenter], list[Utterance]]) -> list[Utterance]:
        """The utterances that `work` ends; notes whether somebody still speaks."""
        if self._speech is None:
            return []
        utterances: list[Utterance] = self._speech.run(t_s, work, [])
        self.speaking = self._speech.part is not None and self._speech.part.speaking
        return utterances

    def _built(self, bundle: Bundle, name: str, make: Callable[[], _Stage]) -> Component[_Stage] | None:
        return self._component(name, make(), make) if _has(bundle, name, self.absent) else None

    def _shared(self, name: str, shared: Shared[_Stage] | None) -> Component[_Stage] | None:
        return self._component(name, shared.model, shared.renew) if shared else None

    def _component(self, name: str, stage: _Stage, make: Callable[[], _Stage]) -> Component[_Stage]:
        ends: Ends = "if it worked" if name == EYES else "never"  # a GPU's context may be broken until the process ends
        return self._supervision.component(name, make, stage, ends, PATIENCE_S[name])


def _asked(part: Component[_Stage] | None, t_s: float, question: Callable[[_Stage], _Answer | None]) -> _Answer | None:
    return part.run(t_s, question, None) if part else None


def absences(perception: PerceptionStages, config: Config) -> list[Source]:
    """One `Source` at time 0 for each stage that this run does not have, with the reason."""
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
