"""What the box's networks hold of an utterance, beside prosody: the candidates that `voice_tone` compares.

The front ends are the box's own; the inner values are outputs of parts of the bundle's float graphs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx.utils import Extractor

from edge.bundle.bundle import Bundle
from edge.bundle.session import Session
from edge.messages import Float32
from edge.speech.audio_events import HOP, PATCH, ROLE, patch_mel
from edge.speech.voice import FEATURES, Floats, measure
from edge.speech.voice_states import VoiceStates
from training.heads.prosody import VoiceRecordings
from training.heads.voice_affect import LAYERS, first_layers

PROSODY = "prosody"
CHOSEN = f"and Whisper, layer {LAYERS}"
YAMNET = "and YAMNet"
_YAMNET_SIZE, _WHISPER_SIZE = 1024, 512
_NEIGHBOURS = (LAYERS - 1, LAYERS, LAYERS + 1)
_SIZES = {YAMNET: _YAMNET_SIZE, **{f"and Whisper, layer {layer}": _WHISPER_SIZE for layer in _NEIGHBOURS}}


class CandidateFeatures:
    """Prosody and every candidate of an utterance, side by side."""

    def __init__(self, bundle: Bundle) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self._yamnet = _pooled(bundle, Path(folder) / "yamnet.onnx")
            self._whisper = VoiceStates(first_layers(bundle, _NEIGHBOURS, Path(folder) / "whisper.onnx"))

    def measure(self, samples: Float32) -> Floats | None:
        """One row, or None without a voice."""
        prosody = measure(samples)
        if prosody is None:
            return None
        return np.concatenate([prosody, self._sound(samples), self._whisper.mean(samples)])

    def _sound(self, samples: Float32) -> Floats:
        """YAMNet's mean over pieces of .975 s every .48 s, as the box cuts them; the last one ends in silence."""
        count = max(-(-(len(samples) - PATCH) // HOP), 0) + 1
        padded = np.pad(samples, (0, PATCH + (count - 1) * HOP - len(samples)))
        mel = np.concatenate([patch_mel(padded[HOP * piece :][:PATCH]) for piece in range(count)])
        (found,) = self._yamnet.run({"mel": mel}).values()
        return np.asarray(found.reshape(count, -1).mean(axis=0), np.float64)


def candidates(recordings: VoiceRecordings) -> dict[str, VoiceRecordings]:
    """Prosody alone, and prosody with each candidate."""
    edges = np.cumsum([len(FEATURES), *_SIZES.values()])
    prosody, *parts, _ = np.split(recordings.features, edges, axis=1)
    features = {PROSODY: prosody} | {
        name: np.concatenate([prosody, part], axis=1) for name, part in zip(_SIZES, parts, strict=True)
    }
    return {name: VoiceRecordings(part, recordings.emotion, recordings.speaker) for name, part in features.items()}


def _pooled(bundle: Bundle, path: Path) -> Session:
    """YAMNet up to the values that its classifier reads, written to `path`."""
    whole = onnx.shape_inference.infer_shapes(
        onnx.load(bundle.folder / bundle.role(ROLE).variants["fp32"].graphs["model"].file)
    )
    (end,) = (node.output[0] for node in whole.graph.node if node.op_type == "GlobalAveragePool")
    onnx.save(Extractor(whole).extract_model(["mel"], [end]), path)
    return Session(path)
