"""The heavy stages of one run: pictures to faces, sound to utterances, utterances to what was said and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from edge.bundle.bundle import Bundle
from edge.config import Config
from edge.messages import Audio, Face, Frame, Sound, Source, Transcript, Utterance
from edge.runtime.health import Health
from edge.runtime.trouble import Report, Trouble
from edge.speech.distress import DistressListener
from edge.speech.prosody import Prosody, ProsodyAnalyzer
from edge.speech.segmenter import SpeechSegmenter
from edge.speech.transcriber import Transcriber, load_transcriber
from edge.text.sentiment import Sentiment, TextSentiment
from edge.vision.perception import FacePerception

ROLES: dict[str, tuple[str, ...]] = {
    "vision": ("face_detector", "face_mesh", "iris", "expression"),
    "speech": ("vad",),
    "asr": ("asr",),
    "text": ("text",),
    "prosody": ("prosody",),
}
"""The roles of the bundle that each stage needs."""

_Stage = TypeVar("_Stage")


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance and what could be made of it; None for what is absent, failed, or found nothing."""

    utterance: Utterance
    transcript: Transcript | None = None
    sentiment: Sentiment | None = None
    prosody: Prosody | None = None


class Words:
    """The models of language: costly to load and without memory, so several runs share them."""

    def __init__(self, bundle: Bundle, config: Config, transcriber: Transcriber | None = None) -> None:
        """Load what the bundle has and the config wants; `absent` says why the rest is not there.

        A `transcriber` that is given is taken instead of the bundle's: words that are known already.
        """
        self.absent: dict[str, str] = {}
        self.transcriber = transcriber
        self.sentiment: TextSentiment | None = None
        if not config.speech.transcribe:
            self.absent = dict.fromkeys(("asr", "text"), "switched off by speech.transcribe")
            return
        if transcriber is None:
            self.transcriber = _built(bundle, "asr", self.absent, lambda: load_transcriber(bundle, config.speech))
        self.sentiment = _built(bundle, "text", self.absent, lambda: TextSentiment(bundle))


class Senses:
    """One run's stages; a stage that is absent or fails gives nothing, and `report` hears of it once.

    `see`, `hear` and `understand` share no state: each may have a thread of its own.
    """

    def __init__(self, bundle: Bundle, config: Config, report: Report, health: Health, words: Words) -> None:
        self._words, self._health = words, health
        self.absent: dict[str, str] = dict(words.absent)
        """Why a stage is not there, by its name."""
        self._vision = _built(bundle, "vision", self.absent, lambda: FacePerception(bundle, config.vision))
        self._listener = DistressListener()
        self._speech = _built(
            bundle, "speech", self.absent, lambda: SpeechSegmenter(bundle, config.speech, self._listener.window)
        )
        self._prosody = _built(bundle, "prosody", self.absent, lambda: ProsodyAnalyzer(bundle))
        self._troubles = {name: Trouble(name, report) for name in ROLES}

    @property
    def speaking(self) -> bool:
        """Whether somebody is speaking right now."""
        return self._speech is not None and self._speech.speaking

    def see(self, frame: Frame) -> list[Face]:
        """The faces in one picture, or that there is none; empty when vision is absent or fails."""
        vision = self._vision
        return self._run("vision", frame.t_s, lambda: vision.step(frame), []) if vision else []

    def hear(self, audio: Audio) -> list[Utterance]:
        """The utterances that ended in this piece of sound."""
        speech = self._speech
        return self._run("speech", audio.t_s, lambda: speech.step(audio), []) if speech else []

    def sounds(self) -> list[Sound]:
        """How loud it was, and whether voices were in distress, since the last call; call it where `hear` is called."""
        return self._listener.take()

    def end_sound(self, t_s: float) -> list[Utterance]:
        """The utterance that was still going on when the sound ended."""
        speech = self._speech
        return self._run("speech", t_s, speech.finish, []) if speech else []

    def understand(self, utterance: Utterance) -> Heard:
        """What was said, what the words mean for the mood, and how they were spoken."""
        transcriber, sentiment, prosody = self._words.transcriber, self._words.sentiment, self._prosody
        t_s = utterance.end_s
        transcript: Transcript | None = None
        if transcriber:
            transcript = self._run("asr", t_s, lambda: transcriber.transcribe(utterance), None)
        return Heard(
            utterance,
            transcript,
            self._run("text", t_s, lambda: sentiment.score(transcript.text), None)
            if sentiment and transcript
            else None,
            self._run("prosody", t_s, lambda: prosody.step(utterance), None) if prosody else None,
        )

    def _run(self, name: str, t_s: float, stage: Callable[[], _Stage], otherwise: _Stage) -> _Stage:
        with self._health.timed(name):
            return self._troubles[name].guard(t_s, stage, otherwise)


def absences(senses: Senses, config: Config) -> list[Source]:
    """One `Source` at time 0 for each stage that this run goes without, and why."""
    reasons = dict(senses.absent)
    if not config.fatigue.enabled:
        reasons["fatigue"] = "switched off by fatigue.enabled"
    if not config.affect.enabled:
        reasons["affect"] = "switched off by affect.enabled"
    return [Source(0.0, name, "absent", reason) for name, reason in reasons.items()]


def _built(bundle: Bundle, name: str, absent: dict[str, str], make: Callable[[], _Stage]) -> _Stage | None:
    missing = [role for role in ROLES[name] if not bundle.has(role)]
    if missing:
        absent[name] = f"the bundle has no {', '.join(missing)}"
        return None
    return make()
