"""Still faces with an expression, as observations of a person who keeps it while speaking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import numpy.typing as npt

from edge.affect.face_memory import expression_valence
from edge.affect.fusion import ModalityScore
from edge.affect.fusion_model import utterance_features
from edge.bundle.bundle import Bundle
from edge.config.perception import VisionConfig
from edge.messages import Face, Float32, Frame, Utterance
from edge.vision.perception import FacePerception
from training.features.dataset import read_npz
from training.starter.single_modality import SIGNED, SingleModalitySample, splits

Picture = npt.NDArray[np.uint8]

SIGNS = {
    "happiness": 1,
    "neutral": 0,
    "surprise": 0,
    "anger": -1,
    "sadness": -1,
    "disgust": -1,
    "fear": -1,
    "contempt": -1,
}
"""Valence of the set's labels; surprise has none of its own."""
_EACH = 250
"""Largest number of images of each sign."""
_SIDE_PX, _MARGIN_PX = 224, 56
_VIEWS = 3
"""Views of an image: a camera's noise, a head that is not quite still."""
_SHIFT_PX, _TURN_DEG, _ZOOM, _LIGHT = 8.0, 4.0, 0.06, 0.15
_NOISE = 6.0
"""Grey levels."""
_APART_S = 1000.0
"""Time between two images, so that the box tracks them as two people."""
_FPS = 15
_LENGTH_S = (1.2, 4.0)
_SPEAKING = 0.05
"""Spread of the mouth's opening of a person who speaks (`edge.affect.face_memory`: .036 to .086 in five clips)."""


def read_singles(
    bundle: Bundle, file: Path, rng: np.random.Generator, progress: Callable[[str], None]
) -> list[SingleModalitySample]:
    """A balanced sample of the images in which the box finds a face and reads its expression.

    Raises:
        FeaturesError: the file cannot be used.
    """
    content = read_npz(file, ("image", "label"))
    chosen = _balanced(content["label"], rng)
    perception = FacePerception(bundle, VisionConfig(expression_every_n_frames=1))
    parts, singles = splits(len(chosen), rng), []
    for place, (index, part) in enumerate(zip(chosen, parts, strict=True)):
        if place % 100 == 0:
            progress(f"faces: {place} of {len(chosen)}")
        views = _views(perception, content["image"][index], place * _APART_S, rng)
        if not views:
            continue
        rows = _speaking(views, rng)
        score = fmean(expression_valence(view.expression) for view in views if view.expression is not None)
        label = SIGNED * SIGNS[str(content["label"][index])]
        singles.append(SingleModalitySample(f"face{index}", part, label, rows, ModalityScore(score)))
    return singles


def _balanced(labels: npt.NDArray[np.str_], rng: np.random.Generator) -> list[int]:
    signs = np.array([SIGNS[str(label)] for label in labels])
    kept = [rng.permutation(np.flatnonzero(signs == sign))[:_EACH] for sign in (-1, 0, 1)]
    return [int(index) for index in rng.permutation(np.concatenate(kept))]


def _views(perception: FacePerception, picture: Picture, t_s: float, rng: np.random.Generator) -> list[Face]:
    """The box's observations of the views; those without a face or an expression are left out."""
    seen = []
    for number in range(_VIEWS):
        for face in perception.step(Frame(t_s + number / _FPS, _view(picture, rng))):
            seen += [face] if face.mouth is not None and face.expression is not None else []
    return seen


def _view(picture: Picture, rng: np.random.Generator) -> Picture:
    middle = (_SIDE_PX / 2, _SIDE_PX / 2)
    large = cv2.resize(picture, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_CUBIC)
    move = cv2.getRotationMatrix2D(middle, rng.normal(0, _TURN_DEG / 2), 1 + rng.normal(0, _ZOOM / 2))
    move[:, 2] += _MARGIN_PX + rng.normal(0, _SHIFT_PX / 2, 2)
    whole = (_SIDE_PX + 2 * _MARGIN_PX,) * 2
    moved = cv2.warpAffine(large, move, whole, borderMode=cv2.BORDER_REPLICATE)
    light = moved * (1 + rng.normal(0, _LIGHT / 2)) + rng.normal(0, _NOISE / 2, moved.shape)
    return cv2.cvtColor(np.clip(light, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def _speaking(views: list[Face], rng: np.random.Generator) -> Float32:
    """The views in random order over an utterance, with the mouth of a person who speaks."""
    length_s = rng.uniform(*_LENGTH_S)
    opening = np.abs(rng.normal(0, _SPEAKING, int(length_s * _FPS)))
    faces = [
        replace(view, t_s=number / _FPS, track=1, mouth=(view.mouth or 0.0) + float(opening[number]))
        for number, view in enumerate(views[place] for place in rng.integers(0, len(views), len(opening)))
    ]
    utterance = Utterance(0.0, length_s, np.zeros(0, np.float32))
    rows = utterance_features(utterance, None, None, faces, len(faces)).vision
    assert rows is not None
    return rows
