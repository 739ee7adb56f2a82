"""Role `audio_events`: YAMNet, a classifier of 521 kinds of sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from edge.bundle.session import Session
from edge.messages import Float32
from edge.speech.audio_events import BANDS, FRAMES, PATCH, patch_mel
from export.export_job import Feeds
from export.gate import build_variants
from export.parity import Engine, check_parity
from export.role_build import Archives, RoleBuild
from export.sample_speech import read_speech
from export.sources.yamnet import plain, read_quantized

_SPEECH_S = 30.0
_ROUNDED = 0.05
"""Largest RMS ratio against the package's graph, which rounds all values to 8 bits: .023 was measured on this
speech."""


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Remove the rounding from the package's graph and compare the result with it on real speech.

    There is no int8 variant: the scores of rare sounds are small, there is no evaluation set for them here, and the
    float graph takes only 1.6 ms for half a second.
    """
    quantized = read_quantized(archives.file(**options["weights"]))
    fp32 = work / "model.fp32.onnx"
    onnx.save(plain(quantized), fp32)
    speech = read_speech(archives.file(**options["speech"]), _SPEECH_S)
    samples = [{"mel": patch_mel(speech[start : start + PATCH])} for start in range(0, len(speech) - PATCH, PATCH)]
    choice = build_variants(
        {"model": fp32},
        {"model": "cnn"},
        {},
        None,
        options["variants"],
        check_parity(Session(fp32), _rounded_engine(quantized, work), "the carrier's 8-bit graph", samples, _ROUNDED),
        work,
        progress,
        {"model": samples[::4]},
        options["margins"],
    )
    return RoleBuild(
        description="521 classes of AudioSet for each second of audio; the box uses six groups of them",
        sources=[archives.source(**options["weights"])],
        training_data="AudioSet: 2 million pieces of public videos, labelled by people (Gemmeke et al. 2017)",
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": {"mel": np.concatenate([sample["mel"] for sample in samples[:2]])}},
        tensor_meanings={
            "mel": f"natural log of magnitudes in {BANDS} mel bands, {FRAMES} frames of 10 ms",
            "scores": "how likely each class is in this second, 0 to 1, one by one",
        },
        not_checked=["screams, sirens and glass: no recordings were available"],
    )


def _rounded_engine(quantized: onnx.ModelProto, work: Path) -> Engine:
    """The package's graph in onnxruntime, with its rounding of input and output."""
    graph = quantized.graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    (audio,), (logits,) = graph.input, graph.output
    (in_scale, in_zero), (out_scale, out_zero) = (
        (values[f"{side.name}_scale"], values[f"{side.name}_zero_point"].astype(np.float32)) for side in (audio, logits)
    )
    path = work / "carrier.onnx"
    onnx.save(quantized, path)
    session = Session(path)

    def run(feeds: Feeds) -> Mapping[str, Any]:
        rounded = np.clip(np.round(feeds["mel"] / in_scale) + in_zero, 0, 255).astype(np.uint8)
        (found,) = session.run({audio.name: rounded}).values()
        scores: Float32 = 1.0 / (1.0 + np.exp((out_zero - found.astype(np.float32)) * out_scale))
        return {"scores": scores}

    return run
