"""Voice activity: Silero VAD at 16 kHz."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge.bundle.session import Session
from edge.messages import Float32
from edge.speech.vad import WINDOW as STEP
from export.graphs.silero import STATE, WINDOW, load_silero
from export.parity import Engine, check_parity
from export.quantize import Feeds
from export.role import Archives, RoleBuild, VariantBuild
from export.speech import read_speech
from export.torch_onnx import export_module
from export.variants import FP32_TOLERANCE

_SPEECH_S = 10.0
_GOLDEN = 60
"""The window that is the golden input: two seconds in, somebody speaks."""


def build(archives: Archives, work: Path, options: Mapping[str, Any]) -> RoleBuild:
    """Fill our module with the package's weights, export it, and check it against the package on real speech.

    No int8: at a fifth of a millisecond for 32 ms of sound there is nothing to win.
    """
    package = archives.file(**options["engine"])
    fp32 = work / "fp32.onnx"
    n = torch.export.Dim("n")
    example = (torch.zeros(2, WINDOW), torch.zeros(2, 2, STATE))
    names = ["probability", "next_state"]
    export_module(load_silero(package), example, fp32, ["audio", "state"], names, ({0: n}, {1: n}))
    engine = _package_engine(package)
    samples = _stream(engine, read_speech(archives.file(**options["speech"]), _SPEECH_S))
    parity = check_parity(Session(fp32), engine, f"silero_vad.jit on torch {torch.__version__}", samples)
    return RoleBuild(
        description="Probability of speech in each 32 ms of sound, memory carried by the caller",
        sources=[archives.source(**options["engine"])],
        training_data="not published; see the package",
        variants={"fp32": VariantBuild({"model": fp32}, FP32_TOLERANCE, {"parity": parity})},
        default={"cpu": "fp32"},
        golden_inputs={"model": samples[_GOLDEN]},
        tensor_meanings={
            "audio": "sound at 16 kHz, -1..1: the last 64 samples of the window before, then 512 new ones",
            "state": "zeros at first, then `next_state`",
            "probability": "that somebody speaks",
        },
    )


def _package_engine(path: Path) -> Engine:
    """The package's own TorchScript, its 16 kHz net with the memory outside."""
    net = torch.jit.load(path, map_location="cpu").eval()._model

    def run(feeds: Feeds) -> Mapping[str, Any]:
        with torch.no_grad():
            probability, state = net(torch.from_numpy(feeds["audio"]), torch.from_numpy(feeds["state"]))
        return {"probability": probability.numpy(), "next_state": state.numpy()}

    return run


def _stream(engine: Engine, speech: Float32) -> list[Feeds]:
    """The consecutive windows of `speech` with the memory that the package's engine has at each."""
    samples: list[Feeds] = []
    state = np.zeros((2, 1, STATE), np.float32)
    padded = np.concatenate([np.zeros(WINDOW - STEP, np.float32), speech])
    for start in range(0, len(speech) - STEP + 1, STEP):
        samples.append({"audio": padded[None, start : start + WINDOW], "state": state})
        state = engine(samples[-1])["next_state"]
    return samples
