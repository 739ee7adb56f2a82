"""Acted voices in three languages, and the accuracy of a head on corpora outside its training.

A figure is the mean over the speakers of a corpus that the head was not trained on; each speaker's utterances come in
random order and are normalized by the earlier ones, as on the box.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.speech.voice import measure
from training.heads.prosody import (
    DIRECTIONS,
    TARGETS,
    EmotionClasses,
    Floats,
    Measure,
    VoiceHead,
    VoiceRecordings,
    fit,
    fit_classes,
    measured,
    read_emodb,
)

_RAVDESS = {"01": "neutral", "03": "happy", "04": "sad", "05": "angry"}
_DRAWS = 2000
_CHANCE = 0.5


def read_ravdess(folder: Path, measure: Measure = measure) -> VoiceRecordings:
    """`Actor_NN/03-01-EMOTION-...`: the third number is the emotion; calm and fear are left out."""
    paths = sorted(folder.glob("Actor_*/*.opus"))
    rows = [(path, _RAVDESS.get(path.name.split("-")[2], ""), path.parent.name) for path in paths]
    return measured((row for row in rows if row[1]), folder, measure)


def read_casia(folder: Path, measure: Measure = measure) -> VoiceRecordings:
    """`SPEAKER/EMOTION_NNN.flac`; fear and surprise are left out."""
    paths = sorted(folder.glob("*/*.flac"))
    rows = [(path, path.name.split("_")[0], path.parent.name) for path in paths]
    return measured((row for row in rows if row[1] in TARGETS), folder, measure)


READERS: dict[str, tuple[str, Callable[[Path, Measure], VoiceRecordings]]] = {
    "emodb": ("de", read_emodb),
    "ravdess": ("en", read_ravdess),
    "casia_zh": ("zh", read_casia),
}
"""The language of each corpus, by the name of its folder, and its reader."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """The figures of a head on a corpus."""

    speakers: int
    utterances: int
    arousal_sign: float
    """Share of excited and of sad utterances on the right side of 0."""
    arousal_auc: float
    recall_4: float
    """Unweighted recall of angry, happy, neutral and sad."""
    valence_auc: float
    """Happy against angry and sad; .5 is chance."""
    valence_r: float
    valence_interval: tuple[float, float]
    """Interval of 95 %, by bootstrap over speakers."""
    by_speaker: Mapping[str, Sequence[float]]
    """`FIGURES` of each speaker."""


FIGURES = ("arousal_sign", "arousal_auc", "recall_4", "valence_auc", "valence_r")
"""The figures of one speaker."""


def transfer(train: VoiceRecordings, others: VoiceRecordings, kept: int = DIRECTIONS) -> Transfer:
    """Fit on `train`, read `others`; `kept` is that of `fit`."""
    head = fit(train, kept)
    classes = fit_classes(train, head)
    rng = np.random.default_rng(0)
    speakers = [str(name) for name in np.unique(others.speaker)]
    found = np.array([_speaker(head, classes, others.of([speaker]), rng) for speaker in speakers])
    return summed_up(dict(zip(speakers, found.tolist(), strict=True)), len(others.emotion))


def summed_up(by_speaker: Mapping[str, Sequence[float]], utterances: int) -> Transfer:
    """The figures of speakers, in the order of `FIGURES`, as one."""
    found = np.array(list(by_speaker.values()))
    valence = found[:, FIGURES.index("valence_auc")]
    means = dict(zip(FIGURES, (round(float(value), 3) for value in found.mean(axis=0)), strict=True))
    return Transfer(len(found), utterances, **means, valence_interval=interval(valence), by_speaker=by_speaker)


def interval(values: Floats) -> tuple[float, float]:
    """The interval of 95 % of a mean over speakers, who are drawn anew."""
    drawn = values[np.random.default_rng(0).integers(len(values), size=(_DRAWS, len(values)))].mean(axis=1)
    low, high = (round(float(value), 3) for value in np.quantile(drawn, (0.025, 0.975)))
    return low, high


def leave_one_speaker_out(corpora: Mapping[str, VoiceRecordings], read: str, kept: int = DIRECTIONS) -> Transfer:
    """Figures of the corpus `read`, each speaker with a head of all other speakers of `corpora`."""
    everyone = joined(list(corpora.values()))
    found: dict[str, Sequence[float]] = {}
    for speaker in np.unique(corpora[read].speaker):
        others = everyone.of(set(everyone.speaker) - {speaker})
        found |= transfer(others, corpora[read].of([speaker]), kept).by_speaker
    return summed_up(found, len(corpora[read].emotion))


def leave_one_corpus_out(corpora: Mapping[str, VoiceRecordings], kept: int = DIRECTIONS) -> dict[str, Transfer]:
    """Figures of every corpus with a head of all others together; `kept` is that of `fit`."""
    return {
        name: transfer(joined([part for other, part in corpora.items() if other != name]), recordings, kept)
        for name, recordings in corpora.items()
    }


def joined(parts: Sequence[VoiceRecordings]) -> VoiceRecordings:
    """Several corpora as one; their speakers have different names."""
    return VoiceRecordings(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.emotion for part in parts]),
        np.concatenate([part.speaker for part in parts]),
    )


def valence_trust(
    train: VoiceRecordings, language: str, own_r: float, others: Mapping[str, VoiceRecordings]
) -> dict[str, float]:
    """The trust in the valence of a head of `train` by language, 0..1, relative to its own language.

    The ratio of precisions (r squared over the unexplained share), as fusion weighs; 0 where the interval of the AUC
    reaches chance. `own_r` is the correlation on left-out speakers of `train`.
    """
    return {language: 1.0, **{name: trust_of(transfer(train, others[name]), own_r) for name in others}}


def trust_of(found: Transfer, own_r: float) -> float:
    """The trust in the valence where it was read as `found`, against a correlation of `own_r`; 0 at chance."""
    if found.valence_interval[0] <= _CHANCE:
        return 0.0
    return round(min(_precision(found.valence_r) / _precision(own_r), 1.0), 3)


def _speaker(
    head: VoiceHead, classes: EmotionClasses, of_speaker: VoiceRecordings, rng: np.random.Generator
) -> tuple[float, ...]:
    order = rng.permutation(len(of_speaker.emotion))
    of_speaker = VoiceRecordings(of_speaker.features[order], of_speaker.emotion[order], of_speaker.speaker[order])
    relative = head.relative_as_heard(of_speaker)
    scores, guessed = head.scores(relative), classes.predict(relative)
    truth = np.array([TARGETS[emotion] for emotion in of_speaker.emotion])
    aroused = truth[:, 0] != 0
    recalls = [np.mean(guessed[of_speaker.emotion == emotion] == emotion) for emotion in np.unique(of_speaker.emotion)]
    return (
        float(np.mean(np.sign(scores[aroused, 0]) == truth[aroused, 0])),
        _auc(scores[:, 0], truth[:, 0]),
        float(np.mean(recalls)),
        _auc(scores[:, 1], truth[:, 1]),
        float(np.corrcoef(scores[:, 1], truth[:, 1])[0, 1]),
    )


def _auc(scores: Floats, truth: Floats) -> float:
    high, low = scores[truth > 0][:, None], scores[truth < 0]
    return float(np.mean(high > low) + np.mean(high == low) / 2)


def _precision(correlation: float) -> float:
    return correlation**2 / (1 - correlation**2)
