"""One clip through the box's own stages, as one utterance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.affect.fusion_model import UtteranceFeatures, expect_hidden
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile, end_of
from edge.config import Config
from edge.messages import SAMPLE_RATE_HZ, Audio, Frame, Source, Transcript, Utterance
from edge.runtime.decision_stages import DecisionStages
from edge.runtime.perception_stages import ROLES, LanguageModels, PerceptionStages
from edge.runtime.supervision import Supervision
from training.features.dataset import FeaturesError

_MOST_S = 28.0
"""The longest utterance that can be configured; of a longer one only the beginning counts."""
_READ_S = 60.0
"""Largest length that is read: of a longer clip only the first minute."""


@dataclass(frozen=True, slots=True)
class Clip:
    """The features of a clip."""

    features: UtteranceFeatures
    text: str
    """The given text, or the transcript."""
    utterances: int
    """Number of utterances that the segmenter found; 0: no speech, and the clip counts as a whole."""


_CHINESE = re.compile("[\u4e00-\u9fff]")
"""Languages of the tables: the two in which the text model was trained; the columns do not name one."""


class _GivenWords:
    """A transcriber that returns a given text."""

    def __init__(self) -> None:
        self.text = ""

    def transcribe(self, utterance: Utterance) -> Transcript | None:
        """The given text; None without one."""
        if not self.text:
            return None
        language = "zh" if _CHINESE.search(self.text) else "en"
        return Transcript(utterance.end_s, utterance.start_s, utterance.end_s, self.text, language, 1.0)


_STAGES = ("vision", "speech", "text", "prosody")
"""Roles whose outputs become features."""


def needed_roles(transcribe: bool) -> list[str]:
    """The roles of the bundle that features depend on; with `transcribe` also the recognizer's."""
    return [role for stage in (*_STAGES, *(["asr"] if transcribe else [])) for role in ROLES[stage]]


class ClipReader:
    """Clips in, features out; every clip is a separate run, so their order does not matter."""

    def __init__(self, bundle: Bundle, transcribe: bool) -> None:
        """`transcribe`: the bundle's recognizer transcribes, and the given text is not used.

        Raises: FeaturesError: the bundle lacks a role. BundleError: its text encoder gives no token vectors.
        """
        if missing := [role for role in needed_roles(transcribe) if not bundle.has(role)]:
            raise FeaturesError(f"bundle {bundle.folder} lacks {', '.join(missing)}: features need them all")
        expect_hidden(bundle)
        self._bundle = bundle
        self._config = Config.model_validate(
            {"purpose": "research", "consent": "recorded", "fatigue": {"enabled": False}}
        )
        self._given = _GivenWords()
        self.words = LanguageModels(bundle, self._config, None if transcribe else self._given)
        """The models of language, loaded once for all clips."""

    def read(self, path: Path, text: str = "") -> Clip:
        """The features of a clip from its first speech to its last, or of all of it without speech.

        A clip with one utterance gives, byte for byte, the features of a replay of the clip.

        Raises:
            CaptureError: the file cannot be read at all.
            FeaturesError: it is damaged, a stage failed, or it gives no features.
        """
        found: list[UtteranceFeatures] = []
        faults: list[Source] = []
        supervision = Supervision(faults.append)
        judgement = DecisionStages(self._config, path.stem, features=found.append, supervision=supervision)
        senses = PerceptionStages(self._bundle, self._config, supervision, self.words)
        utterances, sound, end_s = _watch(path, senses, judgement, faults)
        self._given.text = text
        understood = senses.understand(_whole(utterances, sound, end_s))
        judgement.heard(understood)
        if faults:
            raise FeaturesError(f"{path}: {faults[0].source} {faults[0].state}: {faults[0].detail}")
        (features,) = found
        if features.text is None and features.audio is None and features.vision is None:
            raise FeaturesError(f"{path}: shows no face, holds no voice and has no text")
        return Clip(features, understood.transcript.text if understood.transcript else "", len(utterances))


def _watch(
    path: Path, senses: PerceptionStages, judgement: DecisionStages, faults: list[Source]
) -> tuple[list[Utterance], list[Audio], float]:
    """Run the stages on the clip; return its utterances, its audio and its length."""
    utterances: list[Utterance] = []
    sound: list[Audio] = []
    end_s = 0.0
    for item in MediaFile(path).read():
        if isinstance(item, Source):
            faults += [item] if item.state == "lost" else []
            continue
        end_s = end_of(item)
        if end_s > _READ_S:
            break
        if isinstance(item, Frame):
            speaking = senses.speaking
            judgement.seen(senses.see(item), speaking)
        else:
            sound.append(item)
            utterances += senses.hear(item)
    return [*utterances, *senses.end_sound(end_s)], sound, end_s


def _whole(utterances: Sequence[Utterance], sound: Sequence[Audio], end_s: float) -> Utterance:
    """The only utterance, or one from the first to the last, or the clip; at most `_MOST_S` long."""
    if len(utterances) == 1:
        return utterances[0]
    start_s = utterances[0].start_s if utterances else 0.0
    stop_s = min(utterances[-1].end_s if utterances else end_s, start_s + _MOST_S)
    samples = np.zeros(round((stop_s - start_s) * SAMPLE_RATE_HZ), np.float32)
    for piece in sound:
        at = round((piece.t_s - start_s) * SAMPLE_RATE_HZ)
        kept = piece.samples[max(-at, 0) :][: max(len(samples) - max(at, 0), 0)]
        samples[max(at, 0) : max(at, 0) + len(kept)] = kept
    return Utterance(start_s, stop_s, samples)
