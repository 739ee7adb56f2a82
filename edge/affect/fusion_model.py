"""A trained fusion: the features of an utterance, and the bundle's role `fusion` that scores them.

The features are three sequences made of what the stages have computed anyway. Time is cut into bins of `1 / RATE_HZ`
from the utterance's start, so that neither the camera's rate nor the audio's hop reaches the model. The features do not
depend on earlier utterances or faces: a clip by itself and the same clip in a long run give the same features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.affect.face_memory import LEAST_FACES, LEAST_SHARE
from edge.affect.feature_schema import EXPRESSIONS, RATE_HZ, TABLES, description
from edge.affect.fusion import MODALITIES, Fused, ModalityScore, combination
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError
from edge.messages import SAMPLE_RATE_HZ, Face, Float32, Utterance
from edge.speech.prosody import Prosody
from edge.speech.voice import HOP, Floats, VoiceFrames
from edge.text.sentiment import Sentiment

_FRAMES_A_BIN = SAMPLE_RATE_HZ // HOP // RATE_HZ
_REACH_S = 0.25
"""A bin without a frame takes the nearest one up to this far away: cameras of 2 Hz and more leave no gap."""
_LOUDEST_PERCENT = 95
ROLE = "fusion"
_LEAST_ROWS = 2
"""Shorter sequences are padded: a graph traced with a free length is not traced for length 1."""


@dataclass(frozen=True, slots=True, eq=False)
class UtteranceFeatures:
    """One utterance; a modality that was absent is None."""

    start_s: float
    end_s: float
    text: Float32 | None
    """(tokens, 385)."""
    audio: Float32 | None
    """(bins, 11)."""
    vision: Float32 | None
    """(bins, 15)."""


def expect_hidden(bundle: Bundle) -> None:
    """Refuse a bundle whose text encoder does not give the vectors of its tokens; BundleError says what to do."""
    if not bundle.has("text"):
        return
    graph = bundle.role("text").variants[bundle.variant_name("text")].graphs["model"]
    if "hidden" not in [output.name for output in graph.outputs]:
        raise BundleError(
            f"bundle {bundle.folder}: role text gives no vectors of its tokens (output hidden): build it again with "
            "this version"
        )


def utterance_features(
    utterance: Utterance, sentiment: Sentiment | None, prosody: Prosody | None, faces: Sequence[Face], frames: int
) -> UtteranceFeatures:
    """Put the results of the stages together; `faces` are the speaker's, `frames` the number of frames meanwhile."""
    voice = None if prosody is None else prosody.frames
    return UtteranceFeatures(
        utterance.start_s,
        utterance.end_s,
        None if sentiment is None or sentiment.hidden is None else _text(sentiment.hidden, sentiment.score),
        None if prosody is None or voice is None else _audio(voice, prosody.typical_arousal),
        _vision(faces, frames, utterance.start_s, utterance.end_s),
    )


def _text(hidden: Float32, score: float) -> Float32:
    kept = hidden[: TABLES["text"].most]
    return np.asarray(np.concatenate([kept, np.full((len(kept), 1), score, np.float32)], axis=1), np.float32)


def _audio(voice: VoiceFrames, arousal: float) -> Float32:
    """Means over the bins' frames, and the arousal of the utterance."""
    voiced = voice.voiced
    bins = np.arange(len(voiced)) // _FRAMES_A_BIN
    semitones = voice.semitones[voiced]
    spoken = np.stack(
        [
            semitones,
            semitones - np.median(semitones),
            1 - voice.pitch.aperiodicity[voiced],
            *voice.timbre.T,
            voice.flux,
        ]
    )
    count = int(bins[-1]) + 1
    frames = np.bincount(bins, minlength=count)
    voiced_frames = np.bincount(bins[voiced], minlength=count)
    level = np.bincount(bins, voice.level_db - np.percentile(voice.level_db, _LOUDEST_PERCENT), count) / frames
    means = [np.bincount(bins[voiced], values, count) / np.maximum(voiced_frames, 1) for values in spoken]
    values = np.stack([voiced_frames / frames, *means[:2], level, *means[2:], np.full(count, arousal)], axis=1)
    scaled = _scaled("audio", values)
    by_voice = np.array([column.name not in ("voiced", "level", "arousal") for column in TABLES["audio"].columns])
    scaled[np.ix_(voiced_frames == 0, by_voice)] = 0
    return _stored("audio", scaled)


def _vision(faces: Sequence[Face], frames: int, start_s: float, end_s: float) -> Float32 | None:
    """Means over the bins' frames; None if the face was seen too seldom."""
    seen = [face for face in faces if face.mouth is not None]
    if len(seen) < max(LEAST_FACES, LEAST_SHARE * frames):
        return None
    count = min(max(int(np.ceil((end_s - start_s) * RATE_HZ - 1e-6)), 1), TABLES["vision"].most)
    times = np.array([face.t_s for face in faces])
    places = np.floor((times - start_s) * RATE_HZ + 1e-6).astype(int)
    rows = [_row([faces[index] for index in _near(times, places, start_s, place)]) for place in range(count)]
    return _stored("vision", np.stack(rows))


def _near(times: Floats, places: npt.NDArray[np.intp], start_s: float, place: int) -> list[int]:
    """The frames of a bin, else the nearest one within reach."""
    inside = np.flatnonzero(places == place)
    if len(inside):
        return [int(index) for index in inside]
    distance = np.abs(times - (start_s + (place + 0.5) / RATE_HZ))
    nearest = int(np.argmin(distance))
    return [nearest] if distance[nearest] <= _REACH_S else []


def _row(faces: Sequence[Face]) -> Floats:
    seen = [face for face in faces if face.mouth is not None]
    if not seen:
        return np.zeros(TABLES["vision"].width)
    openings = [face.eye_opening for face in seen if face.eye_opening is not None]
    expressions = [face.expression for face in seen if face.expression is not None]
    shapes = np.array([[face.mouth, face.yaw_deg, face.pitch_deg, face.roll_deg] for face in seen], np.float64)
    values = [
        len(seen) / len(faces),
        len(openings) / len(seen),
        len(expressions) / len(seen),
        np.mean(openings) if openings else 0.0,
        *shapes.mean(axis=0),
        *(np.mean([face[name] for face in expressions]) if expressions else 0.0 for name in EXPRESSIONS),
    ]
    return np.asarray(_scaled("vision", np.array([values], np.float64))[0])


def _scaled(name: str, values: Floats) -> Floats:
    columns = TABLES[name].columns
    centre, spread = (np.array([getattr(column, part) for column in columns]) for part in ("centre", "spread"))
    return np.asarray((values - centre) / spread)


def _stored(name: str, values: Floats) -> Float32:
    return np.asarray(values[: TABLES[name].most], np.float32)


class FusionModel:
    """Features of one utterance in, its score out; without memory."""

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleError when the model was trained on other features than this program and this bundle compute."""
        preprocessing = bundle.role(ROLE).preprocessing
        _expect_same(preprocessing.get("features"), bundle)
        expect_hidden(bundle)
        self._correlation: Mapping[str, float] = preprocessing.get("correlation", {})
        self._session = bundle.session(ROLE)
        for name in MODALITIES:
            width = TABLES[name].width
            wanted = self._session.input_shapes.get(name, ["nothing"])[-1]
            if wanted != width:
                raise BundleError(
                    f"bundle {bundle.folder}: role {ROLE} wants {wanted} columns of {name}, this program computes "
                    f"{width}: train the model on features of this version (emvas features)"
                )

    def fuse(self, features: UtteranceFeatures, alone: Mapping[str, ModalityScore | None]) -> Fused | None:
        """The score of an utterance; None if no modality is present.

        A model without scores of single modalities takes them from `alone`, the score of each modality by itself.
        `confidence` is the correlation with people's labels that was measured for this model with these modalities on
        data it was not trained on, and 0 if the bundle states none.
        """
        sequences = {name: getattr(features, name) for name in MODALITIES}
        present = [name for name in MODALITIES if sequences[name] is not None]
        if not present:
            return None
        result = self._session.run(self._feeds(sequences))
        modalities: dict[str, float | None] = dict.fromkeys(MODALITIES)
        for name in present:
            score, evidence = result.get(f"{name}_score"), alone.get(name)
            if score is not None:
                modalities[name] = _within(float(score[0]))
            elif evidence is not None:
                modalities[name] = evidence.score
        confidence = float(self._correlation.get(combination(present), 0.0))
        return Fused(_within(float(result["score"][0])), min(max(confidence, 0.0), 1.0), modalities)

    def _feeds(self, sequences: Mapping[str, Float32 | None]) -> dict[str, npt.NDArray[Any]]:
        feeds: dict[str, npt.NDArray[Any]] = {}
        for name in MODALITIES:
            rows = sequences[name]
            length = 0 if rows is None else len(rows)
            fixed = self._session.input_shapes[name][1]
            size = fixed if isinstance(fixed, int) else max(length, _LEAST_ROWS)
            length = min(length, size)
            padded = np.zeros((1, size, TABLES[name].width), np.float32)
            if rows is not None:
                padded[0, :length] = rows[:length]
            feeds[name] = padded
            feeds[f"{name}_length"] = np.array([max(length, 1)], np.int64)
        feeds["presence"] = np.array([[sequences[name] is not None for name in MODALITIES]], np.float32)
        return {name: feeds[name] for name in self._session.input_names}


def _expect_same(stated: object, bundle: Bundle) -> None:
    ours = description()
    theirs = stated if isinstance(stated, Mapping) else {}
    if theirs.get("digest") == ours["digest"]:
        return
    kind = f"version {theirs['version']} ({theirs.get('digest')})" if "version" in theirs else "another kind"
    raise BundleError(
        f"bundle {bundle.folder}: role {ROLE} was trained on features of {kind}, this program computes version "
        f"{ours['version']} ({ours['digest']}): compute them again (emvas features), train and export the model anew"
    )


def _within(score: float) -> float:
    """-1..1; a score that is not finite is an error."""
    if not np.isfinite(score):
        raise ValueError(f"the fusion model gave the score {score}")
    return min(max(score, -1.0), 1.0)
