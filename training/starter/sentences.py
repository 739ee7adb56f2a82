"""Sentences with a sentiment, as the bundle's text role encodes them; none that its head was trained on is held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import yaml

from edge.affect.fusion import ModalityScore
from edge.affect.fusion_model import utterance_features
from edge.bundle.bundle import Bundle, sha256_of
from edge.text.sentiment import TextSentiment
from training.features.dataset import FeaturesError
from training.heads.sentiment import Sentences, read_sentences
from training.starter.single_modality import UNSEEN, SingleModalitySample, splits

RECIPE = Path(__file__).resolve().parents[2] / "configs" / "bundles" / "default.yaml"
_CORPORA = ("rated_en", "positive_zh", "negative_zh")
_OTHER_SAMPLE = 1
"""Seed of a sample of the corpora other than that of the sentiment head, whose seed is 0."""


def corpora(cache: Path) -> Mapping[str, Path]:
    """Where the default recipe's corpora lie under the folder of its archives.

    Raises:
        FeaturesError: one is missing or has other bytes.
    """
    files = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))["roles"]["text"]["files"]
    found = {}
    for name in _CORPORA:
        sha256, member = files[name]["sha256"], Path(files[name]["member"]).name
        found[name] = cache / "members" / sha256 / member
        if not found[name].is_file() or sha256_of(found[name]) != sha256:
            raise FeaturesError(f"{cache} holds no {member} of the recipe: `emvas bundle build {RECIPE}` brings it")
    return found


def read_singles(
    bundle: Bundle, cache: Path, rng: np.random.Generator, progress: Callable[[str], None]
) -> list[SingleModalitySample]:
    """About 1,700 sentences that the sentiment head never saw, and our neutral lines, which are all for training."""
    paths, neutral = corpora(cache), RECIPE.parent / "neutral_lines.txt"
    known, other = (read_sentences(*paths.values(), neutral, seed=seed) for seed in (0, _OTHER_SAMPLE))
    chosen = _unseen(known, other)
    encoder = TextSentiment(bundle)
    singles = []
    parts = splits(len(chosen), rng)
    for place, (text, label, ours) in enumerate(chosen):
        if place % 200 == 0:
            progress(f"sentences: {place} of {len(chosen)}")
        sentiment = encoder.score(text)
        rows = utterance_features(UNSEEN, sentiment, None, [], 0).text
        assert rows is not None
        split = "train" if ours else parts[place]
        singles.append(SingleModalitySample(f"text{place}", split, label, rows, ModalityScore(sentiment.score), text))
    return singles


def _unseen(known: Sentences, other: Sentences) -> list[tuple[str, float, bool]]:
    """Text, score and whether it is one of our neutral lines."""
    seen = set(known.texts)
    rows = zip(other.texts, other.scores.tolist(), (other.weights > 1).tolist(), strict=True)
    return [(text, score, ours) for text, score, ours in rows if ours or text not in seen]
