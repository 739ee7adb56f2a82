"""The linear head that reads arousal and valence from a voice, trained on acted ones (`prosody_checkpoint`).

Each speaker's utterances are normalized by the speaker's usual values, once from all utterances and once from the
neutral ones only, since most speech before a box is neutral. There is no constant term: a voice at its usual values
gives 0. Loudness is left out of the head, since the recordings were levelled. The figures written into the checkpoint
are of speakers the head was not trained on, with a habit learned from the utterances before, as on the box.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import recall_score

from edge.capture.media import MediaFile
from edge.messages import Audio
from edge.speech.prosody import SCORES, Population, SpeakerNormalisation
from edge.speech.voice import FEATURES, measure

Floats = npt.NDArray[np.float64]

TARGETS = {"angry": (1.0, -1.0), "happy": (1.0, 1.0), "neutral": (0.0, 0.0), "sad": (-1.0, -1.0)}
"""Arousal and valence of the emotions: their quadrant of Russell's circumplex."""
_LEVELLED = ("level_db",)
"""Features without information in EmoDB."""
USED = np.array([name not in _LEVELLED for name in FEATURES])
_PENALTY = 30.0


@dataclass(frozen=True, slots=True)
class VoiceRecordings:
    """Features (n, F), emotion and speaker of n utterances."""

    features: Floats
    emotion: npt.NDArray[np.str_]
    speaker: npt.NDArray[np.str_]

    def of(self, speakers: Iterable[str]) -> VoiceRecordings:
        """The utterances of some speakers."""
        kept = np.isin(self.speaker, list(speakers))
        return VoiceRecordings(self.features[kept], self.emotion[kept], self.speaker[kept])


@dataclass(frozen=True, slots=True)
class VoiceHead:
    """scores = clip(weights @ relative, -1, 1)."""

    population: Population
    weights: Floats

    def scores(self, relative: Floats) -> Floats:
        """Arousal and valence (n, 2) of features relative to the speaker's usual values (n, F)."""
        return np.clip(relative @ self.weights.T, -1.0, 1.0)


def read_emodb(folder: Path) -> VoiceRecordings:
    """Measure every utterance under `folder`/EMOTION/; the first two characters of a name are the speaker."""
    paths = [(path, emotion) for emotion in TARGETS for path in sorted((folder / emotion).glob("*.flac"))]
    return measured(((path, emotion, path.name[:2]) for path, emotion in paths), folder)


def measured(files: Iterable[tuple[Path, str, str]], folder: Path) -> VoiceRecordings:
    """The features of audio files with their emotion and speaker; those without a voice are left out."""
    rows = []
    for path, emotion, speaker in files:
        samples = np.concatenate([item.samples for item in MediaFile(path).read() if isinstance(item, Audio)])
        features = measure(samples)
        if features is not None:
            rows.append((features, emotion, speaker))
    if not rows:
        raise click.ClickException(f"{folder}: no utterances in it, or not in the folders that its corpus has")
    features, emotions, speakers = zip(*rows, strict=True)
    return VoiceRecordings(np.stack(features), np.array(emotions), np.array(speakers))


def population_of(recordings: VoiceRecordings) -> Population:
    """Median over the speakers of their medians and of their spreads."""
    medians, spreads = [], []
    for speaker in np.unique(recordings.speaker):
        features = recordings.of([speaker]).features
        medians.append(np.median(features, axis=0))
        spreads.append(1.4826 * np.median(np.abs(features - medians[-1]), axis=0))
    return Population(np.median(medians, axis=0), np.median(spreads, axis=0))


def relative_to_habit(recordings: VoiceRecordings, population: Population, habit: VoiceRecordings) -> Floats:
    """The features relative to the usual values in `habit`."""
    scale = SpeakerNormalisation(population)
    for features in habit.features:
        scale.learn(features)
    return np.stack([scale.relative(features) for features in recordings.features])


def relative_as_heard(recordings: VoiceRecordings, population: Population) -> Floats:
    """The features of one speaker as on the box: each relative to the earlier ones."""
    scale, rows = SpeakerNormalisation(population), []
    for features in recordings.features:
        rows.append(scale.relative(features))
        scale.learn(features)
    return np.stack(rows)


def training_rows(recordings: VoiceRecordings, population: Population) -> tuple[Floats, npt.NDArray[np.str_]]:
    """Every utterance twice: relative to all utterances of the speaker, and to the neutral ones."""
    rows, emotions = [], []
    for speaker in np.unique(recordings.speaker):
        of_speaker = recordings.of([speaker])
        neutral = of_speaker.emotion == "neutral"
        calm = VoiceRecordings(of_speaker.features[neutral], of_speaker.emotion[neutral], of_speaker.speaker[neutral])
        for habit in (of_speaker, calm):
            rows.append(relative_to_habit(of_speaker, population, habit))
            emotions.append(of_speaker.emotion)
    return np.concatenate(rows), np.concatenate(emotions)


def fit(recordings: VoiceRecordings) -> VoiceHead:
    """Ridge regression on balanced emotions."""
    population = population_of(recordings)
    rows, emotions = training_rows(recordings, population)
    weight = np.array([1 / np.mean(emotions == emotion) for emotion in emotions])
    model = Ridge(alpha=_PENALTY, fit_intercept=False)
    model.fit(rows[:, USED], np.array([TARGETS[emotion] for emotion in emotions]), sample_weight=weight / weight.mean())
    weights = np.zeros((len(SCORES), len(FEATURES)))
    weights[:, USED] = model.coef_
    return VoiceHead(population, weights)


def evaluate(recordings: VoiceRecordings) -> dict[str, float]:
    """Leave one speaker out; the speaker's utterances come in random order, each relative to the earlier ones."""
    rng = np.random.default_rng(0)
    scores, truth, guessed, emotions = [], [], [], []
    for speaker in np.unique(recordings.speaker):
        others = recordings.of(set(recordings.speaker) - {speaker})
        of_speaker = recordings.of([speaker])
        order = rng.permutation(len(of_speaker.emotion))
        of_speaker = VoiceRecordings(of_speaker.features[order], of_speaker.emotion[order], of_speaker.speaker[order])
        head = fit(others)
        relative = relative_as_heard(of_speaker, head.population)
        classes = LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
        rows, row_emotions = training_rows(others, head.population)
        classes.fit(rows[:, USED], row_emotions)
        guessed.append(classes.predict(relative[:, USED]))
        scores.append(head.scores(relative))
        truth.append(np.array([TARGETS[emotion] for emotion in of_speaker.emotion]))
        emotions.append(of_speaker.emotion)
    return _figures(np.concatenate(scores), np.concatenate(truth), np.concatenate(guessed), np.concatenate(emotions))


def _figures(
    scores: Floats, truth: Floats, guessed: npt.NDArray[np.str_], emotions: npt.NDArray[np.str_]
) -> dict[str, float]:
    aroused = truth[:, 0] != 0
    sign = [np.mean(np.sign(scores[truth[:, 1] == side, 1]) == side) for side in (-1, 1)]
    figures = {
        "utterances": len(truth),
        "unweighted_recall_4_emotions": recall_score(emotions, guessed, average="macro"),
        "arousal_correlation": np.corrcoef(scores[:, 0], truth[:, 0])[0, 1],
        "arousal_sign_accuracy": np.mean((scores[aroused, 0] > 0) == (truth[aroused, 0] > 0)),
        "valence_correlation": np.corrcoef(scores[:, 1], truth[:, 1])[0, 1],
        "valence_sign_recall": np.mean(sign),
    }
    return {name: round(float(value), 3) for name, value in figures.items()}
