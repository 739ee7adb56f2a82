"""Exports checkpoints of `emvas train asr`: Conformer-CTC as a graph of whole utterances, or of chunks with caches."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch

from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.ctc import CtcDescription
from edge.speech.log_mel import FRONT_ENDS, HOP_SAMPLES, MEL_BANDS, STREAMED
from export.checkpoint import nearest, sources_of
from export.export_job import ExportJob, Feeds, GraphJob
from export.exporters import OptionError
from export.exporters.ctc_job import CtcModel, ctc_job, whole_sound
from export.graphs.conformer import ChunkConformer, WholeConformer
from export.role_build import BuildError
from export.sample_speech import LEAST_S, tone_sweep
from export.trace import MOST_ABS
from training.asr.checkpoint import AsrCheckpoint, load_checkpoint
from training.asr.model import ConformerCtc
from training.asr.vocabulary import Vocabulary

_MODES = ("full", "streaming")


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Load the file `checkpoint` and describe how it is traced, fed and judged.

    `mode` is `full` or `streaming`; default: the mode of the training. `calibration` and `evaluation` name lists of
    `path<TAB>text`.
    """
    stored = load_checkpoint(checkpoint)
    model = _model(stored)
    mode = _mode(model, options)
    description = CtcDescription(
        features=_front_end(stored, mode),
        frame_s=model.config.subsampling * HOP_SAMPLES / SAMPLE_RATE_HZ,
        least_s=LEAST_S,
    )
    if mode == "streaming":
        prove_chunks(model)
        module = ChunkConformer(model)
        graph, feeds = chunk_graph(module), partial(chunk_feeds, module)
    else:
        graph, feeds = whole_sound(WholeConformer(model), description, MEL_BANDS)
    context = f"chunks of {_chunk_s(model):.2f} s" if mode == "streaming" else "whole utterances"
    described = CtcModel(
        f"Conformer-CTC over {context}: speech to text",
        graph,
        feeds,
        description,
        Vocabulary(stored.vocabulary).table,
        stored.training_data or "not stated",
    )
    return ctc_job(described, sources_of(checkpoint, options.get("licence", "not stated")), options, work)


def _model(stored: AsrCheckpoint) -> ConformerCtc:
    try:
        model = ConformerCtc.from_config(stored.config)
    except (TypeError, ValueError, KeyError) as error:
        raise BuildError(f"{stored.path}: its config describes no Conformer-CTC of this version: {error}") from error
    if len(stored.vocabulary) != model.config.vocabulary:
        raise BuildError(
            f"{stored.path}: its vocabulary has {len(stored.vocabulary)} tokens, its model {model.config.vocabulary}"
        )
    stored.load_into(model)
    return model.eval()


def _mode(model: ConformerCtc, options: Mapping[str, str]) -> str:
    mode = options.get("mode", "full" if model.config.streaming is None else "streaming")
    if mode not in _MODES:
        raise OptionError(f"--set mode={mode}: {nearest(mode, _MODES)}")
    if mode == "streaming" and model.config.streaming is None:
        raise OptionError(
            "--set mode=streaming: this model was trained to hear whole utterances; train one with "
            "`streaming` in its config, or export it with mode=full"
        )
    return mode


def _front_end(stored: AsrCheckpoint, mode: str) -> str:
    if stored.features not in FRONT_ENDS:
        raise BuildError(
            f"{stored.path} was trained on {stored.features!r}; the appliance hears {', '.join(FRONT_ENDS)}"
        )
    if mode == "streaming" and stored.features != STREAMED:
        raise BuildError(
            f"{stored.path} was trained on {stored.features!r}, which needs the whole utterance: train on {STREAMED}"
        )
    return stored.features


def _chunk_s(model: ConformerCtc) -> float:
    return _chunk_frames(model) * HOP_SAMPLES / SAMPLE_RATE_HZ


def _chunk_frames(model: ConformerCtc) -> int:
    """Frames of the spectrogram in a chunk."""
    assert model.config.streaming is not None
    return model.config.streaming.chunk_frames * model.config.subsampling


def chunk_graph(module: ChunkConformer) -> GraphJob:
    """One chunk with its caches, every size fixed."""

    def example(_: Mapping[str, int]) -> Mapping[str, torch.Tensor]:
        generator = torch.Generator().manual_seed(5)
        caches = {name: torch.randn(cache.shape, generator=generator) for name, cache in module.empty.items()}
        caches["seen"] = module.empty["seen"] + module.model.config.streaming.chunk_frames
        return {"mel": torch.randn((1, _chunk_frames(module.model), MEL_BANDS), generator=generator), **caches}

    outputs = ("log_probs", *(f"next_{name}" for name in module.empty))
    return GraphJob(module, example, outputs, {}, "transformer")


def chunk_feeds(module: ChunkConformer, samples: Float32) -> list[Feeds]:
    """The inputs of every whole chunk of a recording, with torch's caches at each."""
    frames = _chunk_frames(module.model)
    mel = FRONT_ENDS[STREAMED](samples, MEL_BANDS)
    feeds: list[Feeds] = []
    caches = {name: cache.numpy() for name, cache in module.empty.items()}
    for start in range(0, len(mel) - frames + 1, frames):
        feeds.append({"mel": mel[None, start : start + frames], **caches})
        with torch.inference_mode():
            _, *following = module(*(torch.from_numpy(np.ascontiguousarray(value)) for value in feeds[-1].values()))
        caches = dict(zip(caches, (cache.numpy() for cache in following), strict=True))
    return feeds


def prove_chunks(model: ConformerCtc) -> None:
    """Check that the model gives the same result chunk by chunk as for the whole recording.

    Raises: BuildError: the difference exceeds `MOST_ABS`.
    """
    streaming = model.config.streaming
    assert streaming is not None
    frames = _chunk_frames(model)
    sound = tone_sweep((2 * streaming.left_chunks + 3) * _chunk_s(model))
    mel = torch.from_numpy(FRONT_ENDS[STREAMED](sound, MEL_BANDS))[None]
    with torch.inference_mode():
        whole, _ = model(mel, torch.tensor([mel.shape[1]]))
        caches, pieces = tuple(model.empty_caches(1).values()), []
        for start in range(0, mel.shape[1], frames):
            piece, *caches = model.forward_chunk(mel[:, start : start + frames], *caches)
            pieces.append(piece)
    difference = float((torch.cat(pieces, dim=1) - whole).abs().max())
    if not difference <= MOST_ABS:
        raise BuildError(
            f"chunk by chunk the model differs by {difference:.1e} from itself on the whole sound, allowed "
            f"{MOST_ABS:.0e}: its caches lose something; such a model cannot be exported"
        )
