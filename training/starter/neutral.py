"""Neutral speech from another corpus and language: emotions in it would show that a model has learned its corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.affect.fusion import ModalityScore, fuse
from edge.affect.fusion_model import UtteranceFeatures, utterance_features
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.messages import Audio, Utterance
from edge.speech.prosody import ProsodyAnalyzer
from edge.text.sentiment import TextSentiment
from training.features.dataset import FeaturesError

_MOST = 60


def read_speech(bundle: Bundle, folder: Path) -> list[tuple[UtteranceFeatures, float]]:
    """Read sentences of AISHELL-1: features of words and voice, and what the late-fusion mean says of each.

    Raises:
        FeaturesError: the folder holds no `text.tsv`.
    """
    table = folder / "text.tsv"
    if not table.is_file():
        raise FeaturesError(f"{folder}: no text.tsv; expected lines `NAME<TAB>TEXT` and NAME.flac beside it")
    encoder, analyzer = TextSentiment(bundle), ProsodyAnalyzer(bundle)
    found = []
    for line in table.read_text(encoding="utf-8").splitlines()[:_MOST]:
        name, text = line.split("\t")[:2]
        path = next(folder.glob(f"{Path(name).stem}.*"))
        samples = np.concatenate([item.samples for item in MediaFile(path).read() if isinstance(item, Audio)])
        utterance = Utterance(0.0, 1.0, samples)
        sentiment, prosody = encoder.score(text), analyzer.step(utterance)
        evidence = {"text": ModalityScore(sentiment.score)}
        if prosody.score is not None:
            evidence["audio"] = ModalityScore(prosody.score, prosody.confidence)
        fused = fuse(evidence)
        found.append((utterance_features(utterance, sentiment, prosody, [], 0), fused.score if fused else 0.0))
    return found
