"""Role `voice_affect`: Whisper's first layers, and the linear head on them (`training.heads.voice_affect`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.export import Dim
from transformers import WhisperForConditionalGeneration

from edge.bundle.bundle import read_arrays
from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ
from edge.speech.log_mel import HOP_SAMPLES, log_mel
from edge.speech.voice_states import GRAPH, LONGEST_S
from export.export_job import Feeds
from export.gate import build_variants
from export.graphs.whisper import WhisperEngine, WhisperStates
from export.parity import check_parity
from export.role_build import Archives, Array, RoleBuild
from export.roles.asr import peer_folder
from export.roles.prosody import ProsodyHead
from export.roles.trained_here import our_source
from export.sample_speech import read_speech
from export.sources.ctranslate2 import read_ctranslate2
from export.sources.whisper_ctranslate2 import whisper_from_ctranslate2
from export.trace import export_module

_ORIGIN = "training/heads/voice_affect.py"
_FRAMES_A_S = SAMPLE_RATE_HZ // HOP_SAMPLES
_SECONDS = (3, 1, 5)
"""Lengths of the real speech on which the graph is checked; the first is the golden input."""


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Cut Whisper's encoder after the checkpoint's layer, trace both graphs, and compare them with the original."""
    path = Path(options["checkpoint"])
    head = read_arrays(path)
    about = json.loads(str(head["about"]))
    whisper = whisper_from_ctranslate2(
        read_ctranslate2(peer_folder(archives, work / "ctranslate2", options) / "model.bin")
    )
    speech = read_speech(archives.file(**options["speech"]), sum(_SECONDS))
    mels = [{"mel": log_mel(speech[: seconds * SAMPLE_RATE_HZ], seconds)[None]} for seconds in _SECONDS]
    golden = head["golden_features"].astype(np.float32)
    fp32 = {GRAPH: work / "states.fp32.onnx", "model": work / "model.fp32.onnx"}
    choice = build_variants(
        fp32,
        {GRAPH: "transformer", "model": "float"},
        {},
        None,
        options["variants"],
        _traced(whisper, head, about["layers"], golden, mels, fp32),
        work,
        progress,
        {GRAPH: mels, "model": [{"features": golden}]},
        options["margins"],
    )
    corpora = ", ".join(f"{name} ({licence})" for name, licence in about["corpora"].items())
    return RoleBuild(
        description="arousal and valence of a voice from prosody and Whisper's first layers, relative to its usual "
        "values",
        sources=[*(archives.source(**options[name]) for name in ("weights_1", "weights_2")), our_source(path, _ORIGIN)],
        training_data=f"{about['utterances']} acted utterances of {about['speakers']} speakers: {corpora}; "
        "Whisper-base: 680,000 h of speech from the web (Radford et al. 2022)",
        variants=choice.variants,
        default=choice.default,
        golden_inputs={GRAPH: mels[0], "model": {"features": golden}},
        tensor_meanings={
            "mel": "log-mel spectrogram as for role asr, in whole seconds",
            "states": "states of the encoder along the directions in which one voice varies, one every 20 ms",
            "features": "prosody and mean state in spreads above the voice's own median, -4 to 4",
            "scores": "arousal and valence, -1 to 1",
        },
        preprocessing={
            "features": about["features"],
            "median": head["median"].tolist(),
            "spread": head["spread"].tolist(),
            "valence_trust": about["valence_trust"],
            "speakers_left_out": about["speakers_left_out"],
            "corpora_left_out": about["corpora_left_out"],
        },
        labels=about["scores"],
        not_checked=[
            "spontaneous speech: the training data are acted",
            "languages other than German, English and Mandarin: valence weighs there as in the worst of them",
            "rooms where several people speak: the usual values then mix several voices",
        ],
    )


def _traced(
    whisper: WhisperForConditionalGeneration,
    head: Mapping[str, Array],
    layers: int,
    golden: Array,
    mels: Sequence[Feeds],
    fp32: Mapping[str, Path],
) -> dict[str, Any]:
    """Write both graphs; return their parity with the library's model and with torch."""
    projection = torch.from_numpy(head["projection"].astype(np.float32))
    linear = ProsodyHead(head["weights"].astype(np.float32).tolist())
    export_module(
        WhisperStates(whisper, layers, projection),
        (torch.zeros(1, whisper.config.num_mel_bins, 3 * _FRAMES_A_S),),
        fp32[GRAPH],
        ["mel"],
        ["states"],
        ({2: Dim("frames", min=4, max=LONGEST_S * _FRAMES_A_S)},),
    )
    export_module(linear, (torch.from_numpy(golden),), fp32["model"], ["features"], ["scores"], ({0: Dim("n")},))
    original = WhisperEngine(whisper)

    def states(feeds: Feeds) -> Feeds:
        return {"states": (original.states(torch.from_numpy(feeds["mel"]), layers) @ projection.T).numpy()}

    def scores(feeds: Feeds) -> Feeds:
        return {"scores": linear(torch.from_numpy(feeds["features"])).numpy()}

    name = f"transformers WhisperForConditionalGeneration, float32; head: torch {torch.__version__}"
    of_states = check_parity(Session(fp32[GRAPH]), states, name, mels)
    of_scores = check_parity(Session(fp32["model"]), scores, name, [{"features": golden}])
    return {**of_states, "outputs": {**of_states["outputs"], **of_scores["outputs"]}}
