"""The linear head that reads arousal and valence from a voice, trained on acted ones (`prosody_checkpoint`).

Each speaker's utterances are normalized by the speaker's usual values, once from all utterances and once from the
neutral ones only, since most speech before a box is neutral. There is no constant term: a voice at its usual values
gives 0. Loudness is left out of the head, since the recordings were levelled. The figures written into the checkpoint
are of speakers the head was not trained on, with a habit learned from the utterances before, as on the box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import recall_score

from edge.capture.media import MediaFile
from edge.messages import Audio, Float32
from edge.speech.prosody import SCORES, Population, SpeakerNormalisation
from edge.speech.voice import FEATURES, measure

Floats = npt.NDArray[np.float64]

TARGETS = {"angry": (1.0, -1.0), "happy": (1.0, 1.0), "neutral": (0.0, 0.0), "sad": (-1.0, -1.0)}
"""Arousal and valence of the emotions: their quadrant of Russell's circumplex."""
_LEVELLED = ("level_db",)
"""Features without information in EmoDB."""
_PENALTY = 30.0
DIRECTIONS = 32
"""Directions of the states that a head reads; docs/evidence/tone.md shows 16 and 64."""


@dataclass(frozen=True, slots=True)
class VoiceRecordings:
    """Features (n, F), emotion and speaker of n utterances; columns after `FEATURES` are states (`voice_affect`)."""

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
    projection: Floats
    """(directions, states): what the head reads of an utterance's states; (0, 0) of a head of prosody alone."""

    def scores(self, relative: Floats) -> Floats:
        """Arousal and valence (n, 2) of features relative to the speaker's usual values (n, F)."""
        return np.clip(relative @ self.weights.T, -1.0, 1.0)

    def relative_as_heard(self, recordings: VoiceRecordings) -> Floats:
        """The features of one speaker as on the box: each relative to the earlier ones."""
        scale, rows = SpeakerNormalisation(self.population), []
        for features in projected(recordings, self.projection).features:
            rows.append(scale.relative(features))
            scale.learn(features)
        return np.stack(rows)


Measure = Callable[[Float32], Floats | None]
"""The features of the samples of an utterance, or None without a voice."""


def read_emodb(folder: Path, measure: Measure = measure) -> VoiceRecordings:
    """Measure every utterance under `folder`/EMOTION/; the first two characters of a name are the speaker."""
    paths = [(path, emotion) for emotion in TARGETS for path in sorted((folder / emotion).glob("*.flac"))]
    return measured(((path, emotion, path.name[:2]) for path, emotion in paths), folder, measure)


def measured(files: Iterable[tuple[Path, str, str]], folder: Path, measure: Measure = measure) -> VoiceRecordings:
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


def directions(recordings: VoiceRecordings, kept: int) -> Floats:
    """The directions (`kept`, states) in which the states of one speaker vary most: principal components."""
    states = recordings.features[:, len(FEATURES) :]
    if not states.shape[1]:
        return np.zeros((0, 0))
    own = [states[recordings.speaker == speaker] for speaker in np.unique(recordings.speaker)]
    varied = np.concatenate([part - part.mean(axis=0) for part in own])
    found: Floats = PCA(kept, random_state=0).fit(varied).components_
    return found


def projected(recordings: VoiceRecordings, projection: Floats) -> VoiceRecordings:
    """The recordings with their states along the directions of `projection`."""
    if not len(projection):
        return recordings
    prosody, states = np.split(recordings.features, [len(FEATURES)], axis=1)
    features = np.concatenate([prosody, states @ projection.T], axis=1)
    return VoiceRecordings(features, recordings.emotion, recordings.speaker)


def columns_used(width: int) -> npt.NDArray[np.bool_]:
    """Which of `width` columns a head reads: all but the level."""
    return np.array([name not in _LEVELLED for name in FEATURES] + [True] * (width - len(FEATURES)))


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


def fit(recordings: VoiceRecordings, kept: int = DIRECTIONS) -> VoiceHead:
    """Ridge regression on balanced emotions, and on `kept` directions of the states, if there are any."""
    projection = directions(recordings, kept)
    narrow = projected(recordings, projection)
    population = population_of(narrow)
    rows, emotions = training_rows(narrow, population)
    used = columns_used(rows.shape[1])
    weight = np.array([1 / np.mean(emotions == emotion) for emotion in emotions])
    model = Ridge(alpha=_PENALTY, fit_intercept=False)
    model.fit(rows[:, used], np.array([TARGETS[emotion] for emotion in emotions]), sample_weight=weight / weight.mean())
    weights = np.zeros((len(SCORES), len(used)))
    weights[:, used] = model.coef_
    return VoiceHead(population, weights, projection)


@dataclass(frozen=True, slots=True)
class EmotionClasses:
    """Four emotions from what a head reads: the measure of recall; the box names no emotion of a voice."""

    model: LogisticRegression

    def predict(self, relative: Floats) -> npt.NDArray[np.str_]:
        """The emotion of each row."""
        found: npt.NDArray[np.str_] = self.model.predict(relative[:, columns_used(relative.shape[1])])
        return found


def fit_classes(recordings: VoiceRecordings, head: VoiceHead) -> EmotionClasses:
    """Logistic regression on the rows that `head` was trained on."""
    rows, emotions = training_rows(projected(recordings, head.projection), head.population)
    model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
    return EmotionClasses(model.fit(rows[:, columns_used(rows.shape[1])], emotions))


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
        relative = head.relative_as_heard(of_speaker)
        guessed.append(fit_classes(others, head).predict(relative))
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
