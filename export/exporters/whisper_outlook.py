"""What a Whisper of a given size will need, told before its weights are fetched: disk, memory, time.

Weights and products are counted from config.json. The factors are rough: they say whether it is worth beginning.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.speech.whisper import BEAMS, WINDOWS_S
from export.checkpoint import read_json
from export.role_build import BuildError
from export.trace import LARGEST_FILE_BYTES

_POSITIONS_A_S = 50
"""Positions of Whisper's encoder in a second of sound."""
_WORDS = 20
"""Tokens of an utterance of some seconds."""
_COPIES = 3
"""Of float32 weights that a build holds at once: torch's, the traced graph's, onnxruntime's."""
_BASE = {
    "num_mel_bins": 80, "d_model": 512, "encoder_layers": 6, "decoder_layers": 6, "encoder_ffn_dim": 2048,
    "decoder_ffn_dim": 2048, "vocab_size": 51865, "max_source_positions": 1500, "max_target_positions": 448,
}  # fmt: skip
_BASE_CPU_S = 0.14
"""Seconds of one core of a Xeon at 2.8 GHz for a second of Mandarin, Whisper-base in int8 (docs/performance.md)."""


@dataclass(frozen=True, slots=True)
class Size:
    """A Whisper by its config.json."""

    encoder_weights: int
    decoder_weights: int
    products: float
    """Multiplications for one utterance in the shortest window."""


def size_of(config: Mapping[str, Any]) -> Size:
    """Count weights and products; KeyError names what config.json lacks."""
    width, bands, vocabulary = config["d_model"], config["num_mel_bins"], config["vocab_size"]
    layer = 4 * width**2 + 2 * width * config["encoder_ffn_dim"]
    step = 8 * width**2 + 2 * width * config["decoder_ffn_dim"]
    positions = round(WINDOWS_S[0] * _POSITIONS_A_S)
    convolutions = 3 * width * (bands + width)
    encoder = config["encoder_layers"] * layer + convolutions + config["max_source_positions"] * width
    words = (vocabulary + config["max_target_positions"]) * width
    decoder = config["decoder_layers"] * step + words
    heard = config["encoder_layers"] * (positions * layer + 2 * positions**2 * width) + positions * convolutions
    said = BEAMS * _WORDS * (config["decoder_layers"] * step + vocabulary * width)
    return Size(encoder, decoder, float(heard + said))


def outlook(folder: Path, fetched_bytes: int | None) -> list[str]:
    """Lines for the user, from `folder`/config.json; none for a model that is no Whisper.

    Raises:
        BuildError: a graph's float32 weights do not fit one ONNX file.
    """
    config = read_json(folder / "config.json")
    if config.get("model_type") != "whisper":
        return []
    try:
        size = size_of(config)
    except (KeyError, TypeError) as error:
        raise BuildError(f"{folder / 'config.json'} does not describe a Whisper: {error}") from error
    for part, weights in (("encoder", size.encoder_weights), ("decoder", size.decoder_weights)):
        if 4 * weights > LARGEST_FILE_BYTES:
            raise BuildError(
                f"the {part} has {4 * weights / 1e9:.1f} GB of float32 weights, and one ONNX file holds 2 GB: take a "
                "smaller one, as whisper-medium; nothing was fetched"
            )
    weights = size.encoder_weights + size.decoder_weights
    slower = size.products / size_of(_BASE).products
    lines = [
        f"{weights / 1e6:.0f} million weights, {config['num_mel_bins']} mel bands",
        f"building holds about {4e-9 * _COPIES * weights:.1f} GB of memory; this machine has {_memory_gb():.1f} GB",
        f"running in int8 holds about {1e-9 * weights:.1f} GB, and takes about {slower:.0f} times Whisper-base's time: "
        f"{slower * _BASE_CPU_S:.1f} s of a 2.8 GHz core for a second of speech",
    ]
    return ([f"to be fetched: {fetched_bytes / 1e6:.0f} MB"] if fetched_bytes else []) + lines


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
