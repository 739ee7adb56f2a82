"""Acted voices in three languages, and the accuracy of a head on corpora outside its training.

A figure is the mean over the speakers of a corpus that the head was not trained on; each speaker's utterances come in
random order and are normalized by the earlier ones, as on the box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from training.heads.prosody import (
    TARGETS,
    USED,
    Floats,
    VoiceHead,
    VoiceRecordings,
    fit,
    measured,
    read_emodb,
    relative_as_heard,
    training_rows,
)

_RAVDESS = {"01": "neutral", "03": "happy", "04": "sad", "05": "angry"}
_DRAWS = 2000
_CHANCE = 0.5


def read_ravdess(folder: Path) -> VoiceRecordings:
    """`Actor_NN/03-01-EMOTION-...`: the third number is the emotion; calm and fear are left out."""
    paths = sorted(folder.glob("Actor_*/*.opus"))
    rows = [(path, _RAVDESS.get(path.name.split("-")[2], ""), path.parent.name) for path in paths]
    return measured((row for row in rows if row[1]), folder)


def read_casia(folder: Path) -> VoiceRecordings:
    """`SPEAKER/EMOTION_NNN.flac`; fear and surprise are left out."""
    paths = sorted(folder.glob("*/*.flac"))
    rows = [(path, path.name.split("_")[0], path.parent.name) for path in paths]
    return measured((row for row in rows if row[1] in TARGETS), folder)


READERS: dict[str, tuple[str, Callable[[Path], VoiceRecordings]]] = {
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
    valence_interval: tuple[float, float]
    """Interval of 95 %, by bootstrap over speakers."""
    valence_r: float


def transfer(train: VoiceRecordings, others: VoiceRecordings) -> Transfer:
    """Fit on `train`, read `others`."""
    head = fit(train)
    rows, emotions = training_rows(train, head.population)
    classes = LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000).fit(rows[:, USED], emotions)
    rng = np.random.default_rng(0)
    found = np.array([_speaker(head, classes, others.of([speaker]), rng) for speaker in np.unique(others.speaker)])
    drawn = found[rng.integers(len(found), size=(_DRAWS, len(found))), 3].mean(axis=1)
    sign, auc, recall, valence, r = (round(float(value), 3) for value in found.mean(axis=0))
    low, high = (round(float(value), 3) for value in np.quantile(drawn, (0.025, 0.975)))
    return Transfer(len(found), len(others.emotion), sign, auc, recall, valence, (low, high), r)


def leave_one_corpus_out(corpora: Mapping[str, VoiceRecordings]) -> list[dict[str, object]]:
    """Figures of every corpus with a head of each other one, and with a head of all others together."""
    rows = []
    for name, target in corpora.items():
        sources = [[other] for other in corpora if other != name] + [[other for other in corpora if other != name]]
        for source in sources:
            found = transfer(joined([corpora[other] for other in source]), target)
            rows.append({"trained on": " and ".join(source), "read": name, **asdict(found)})
    return rows


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
    found = {language: 1.0}
    for other, recordings in others.items():
        seen = transfer(train, recordings)
        better_than_chance = seen.valence_interval[0] > _CHANCE
        found[other] = round(min(_precision(seen.valence_r) / _precision(own_r), 1.0), 3) if better_than_chance else 0.0
    return found


def _speaker(
    head: VoiceHead, classes: LogisticRegression, of_speaker: VoiceRecordings, rng: np.random.Generator
) -> Iterable[float]:
    order = rng.permutation(len(of_speaker.emotion))
    of_speaker = VoiceRecordings(of_speaker.features[order], of_speaker.emotion[order], of_speaker.speaker[order])
    relative = relative_as_heard(of_speaker, head.population)
    scores, guessed = head.scores(relative), classes.predict(relative[:, USED])
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
