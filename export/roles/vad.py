"""Role `vad`: Silero's voice activity detection at 16 kHz."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.segmenter import WINDOW as STEP
from export.export_job import Feeds
from export.gate import build_variants
from export.graphs.silero import STATE, WINDOW, load_silero
from export.parity import Engine, check_parity
from export.role_build import Archives, RoleBuild
from export.sample_speech import read_speech
from export.tasks import vad
from export.trace import export_module

_SPEECH_S = 10.0
_FAR, _NOISE = 0.1, 0.003
"""Level of far speech, and standard deviation of the noise around it: about 12 dB apart."""
_DATA = "30 s of read English (moonshine-voice, two_cities.wav), the same softly in noise, and 10 s of noise"
_GOLDEN = 60
"""The window of the golden input: after two seconds, within speech."""


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Fill our module with the package's weights, export it, and check it against the package on real speech.

    There is no int8 variant: the net is recurrent, and takes only a fifth of a millisecond for 32 ms of audio.
    """
    package = archives.file(**options["engine"])
    fp32 = work / "model.fp32.onnx"
    n = torch.export.Dim("n")
    example = (torch.zeros(2, WINDOW), torch.zeros(2, 2, STATE))
    names = ["probability", "next_state"]
    export_module(load_silero(package), example, fp32, ["audio", "state"], names, ({0: n}, {1: n}))
    engine = _package_engine(package)
    speech = read_speech(archives.file(**options["speech"]), 3 * _SPEECH_S)
    samples = _stream(engine, speech[: round(_SPEECH_S * SAMPLE_RATE_HZ)])
    parity = check_parity(Session(fp32), engine, f"silero_vad.jit on torch {torch.__version__}", samples)
    choice = build_variants(
        {"model": fp32},
        {"model": "float"},
        {},
        vad.task(fp32, _louder_and_softer(speech), _DATA, options["tolerance"]),
        options["variants"],
        parity,
        work,
        progress,
        {"model": samples[_GOLDEN::_GOLDEN]},
        options["margins"],
    )
    return RoleBuild(
        description="Probability of speech for each 32 ms of audio; the caller keeps the state",
        sources=[archives.source(**options["engine"])],
        training_data="not published; see the package",
        variants=choice.variants,
        default=choice.default,
        golden_inputs={"model": samples[_GOLDEN]},
        tensor_meanings={
            "audio": "sound at 16 kHz, -1..1: the last 64 samples of the window before, then 512 new ones",
            "state": "zeros at first, then `next_state`",
            "probability": "that somebody speaks",
        },
    )


def _louder_and_softer(speech: Float32) -> Float32:
    """The speech at its own level, far away with noise, and the noise alone."""
    noise = np.random.default_rng(0).normal(0.0, _NOISE, len(speech)).astype(np.float32)
    return np.concatenate([speech, _FAR * speech + noise, noise[: len(noise) // 3]])


def _package_engine(path: Path) -> Engine:
    """The package's own TorchScript, its 16 kHz net with the state as input and output."""
    net = torch.jit.load(path, map_location="cpu").eval()._model

    def run(feeds: Feeds) -> Mapping[str, Any]:
        with torch.no_grad():
            probability, state = net(torch.from_numpy(feeds["audio"]), torch.from_numpy(feeds["state"]))
        return {"probability": probability.numpy(), "next_state": state.numpy()}

    return run


def _stream(engine: Engine, speech: Float32) -> list[Feeds]:
    """The consecutive windows of `speech`, each with the state of the package's engine."""
    samples: list[Feeds] = []
    state = np.zeros((2, 1, STATE), np.float32)
    padded = np.concatenate([np.zeros(WINDOW - STEP, np.float32), speech])
    for start in range(0, len(speech) - STEP + 1, STEP):
        samples.append({"audio": padded[None, start : start + WINDOW], "state": state})
        state = engine(samples[-1])["next_state"]
    return samples
