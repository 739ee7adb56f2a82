"""Acted voices with an emotion (EmoDB), as the box measures them; whole speakers are held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge.affect.fusion import ModalityScore
from edge.affect.fusion_model import utterance_features
from edge.capture.media import MediaFile
from edge.messages import Audio, Float32
from edge.speech.prosody import SCORES, Prosody, SpeakerNormalisation
from edge.speech.voice import VoiceFrames, summary, voice_frames
from training.features.dataset import FeaturesError
from training.heads.prosody import TARGETS, Floats, VoiceHead, VoiceRecordings, fit
from training.starter.single_modality import SIGNED, UNSEEN, SingleModalitySample, Split

_HELD_OUT: Mapping[Split, int] = {"valid": 1, "test": 3}
"""Speakers of ten."""
_NOISES_DB = (5.0, 25.0)
"""Signal to noise of the noisy copies."""
_COPIES = 2
"""Noisy copies of each utterance for training."""
_AROUSAL, _VALENCE = SCORES.index("arousal"), SCORES.index("valence")


@dataclass(frozen=True, slots=True)
class _Voice:
    """One utterance, and its noisy copies in the training split."""

    name: str
    emotion: str
    frames: VoiceFrames
    summary: Floats
    copies: list[VoiceFrames] = field(default_factory=list)

    @property
    def speaker(self) -> str:
        return self.name[:2]


def read_singles(folder: Path, rng: np.random.Generator, progress: Callable[[str], None]) -> list[SingleModalitySample]:
    """All utterances under `folder`/EMOTION/, those of training also with noise; each with what a prosody head says.

    That head is trained anew on the speakers of the training split, and hears a speaker's utterances in random order,
    each against those before it, as on the box.

    Raises:
        FeaturesError: there are no utterances.
    """
    paths = [path for emotion in TARGETS for path in sorted((folder / emotion).glob("*.flac"))]
    if not paths:
        raise FeaturesError(f"{folder}: no utterances; expected {'/, '.join(TARGETS)}/ with FLAC files")
    parts = _speakers({path.name[:2] for path in paths}, rng)
    voices = []
    for place, path in enumerate(paths):
        if place % 50 == 0:
            progress(f"voices: {place} of {len(paths)}")
        voice = _measured(path, _COPIES if parts[path.name[:2]] == "train" else 0, rng)
        voices += [] if voice is None else [voice]
    head = fit(_recordings([voice for voice in voices if parts[voice.speaker] == "train"]))
    return [
        single
        for speaker, part in sorted(parts.items())
        for single in _heard([voice for voice in voices if voice.speaker == speaker], part, head, rng)
    ]


def _speakers(names: set[str], rng: np.random.Generator) -> dict[str, Split]:
    order = [str(name) for name in rng.permutation(sorted(names))]
    parts: dict[str, Split] = dict.fromkeys(order, "train")
    for part, count in _HELD_OUT.items():
        for _ in range(count):
            parts[order.pop()] = part
    return parts


def _measured(path: Path, copies: int, rng: np.random.Generator) -> _Voice | None:
    samples = np.concatenate([item.samples for item in MediaFile(path).read() if isinstance(item, Audio)])
    frames = voice_frames(samples)
    if frames is None:
        return None
    noisy = [voice_frames(_with_noise(samples, rng)) for _ in range(copies)]
    return _Voice(path.name, path.parent.name, frames, summary(frames), [copy for copy in noisy if copy is not None])


def _with_noise(samples: Float32, rng: np.random.Generator) -> Float32:
    """White noise through a falling filter, at a random distance and a random loudness of the whole."""
    noise = np.cumsum(rng.normal(size=len(samples)))
    noise -= np.convolve(noise, np.full(400, 1 / 400), mode="same")  # 25 ms: no rumble below 40 Hz
    noise += rng.uniform(0, 2) * noise.std() * rng.normal(size=len(samples))
    level = samples.std() / noise.std() * 10 ** (-rng.uniform(*_NOISES_DB) / 20)
    loud = 10 ** (rng.uniform(-12, 6) / 20)
    return np.clip(loud * (samples + level * noise), -1, 1).astype(np.float32)


def _recordings(voices: list[_Voice]) -> VoiceRecordings:
    return VoiceRecordings(
        np.stack([voice.summary for voice in voices]),
        np.array([voice.emotion for voice in voices]),
        np.array([voice.speaker for voice in voices]),
    )


def _heard(voices: list[_Voice], part: Split, head: VoiceHead, rng: np.random.Generator) -> list[SingleModalitySample]:
    """One speaker's utterances in random order."""
    scale, singles = SpeakerNormalisation(head.population), []
    for voice in (voices[place] for place in rng.permutation(len(voices))):
        relative, certainty = scale.relative(voice.summary), scale.certainty
        scale.learn(voice.summary)
        evidence = ModalityScore(float(head.scores(relative[np.newaxis])[0, _VALENCE]), certainty)
        for number, frames in enumerate([voice.frames, *voice.copies]):
            typical = SpeakerNormalisation(head.population).relative(summary(frames))
            arousal = float(head.scores(typical[np.newaxis])[0, _AROUSAL])
            prosody = Prosody(None, None, 0.0, {}, {}, frames, typical_arousal=arousal)
            rows = utterance_features(UNSEEN, None, prosody, [], 0).audio
            assert rows is not None
            label = SIGNED * TARGETS[voice.emotion][_VALENCE]
            singles.append(SingleModalitySample(f"{voice.name}.{number}", part, label, rows, evidence))
    return singles
