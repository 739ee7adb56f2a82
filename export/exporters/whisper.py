"""Hugging Face's Whisper checkpoints: any folder of WhisperForConditionalGeneration with 80 or 128 mel bands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import WhisperForConditionalGeneration

from edge.bundle.manifest import BundleError
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.log_mel import HOP_SAMPLES, WHISPER_BANDS, log_mel
from edge.speech.whisper import BEAMS, WINDOWS_S, WhisperModel, WhisperTokens
from export.checkpoint import folder_config, load_folder, read_json, sources_of
from export.export_job import ExportJob, Feeds, GraphJob
from export.graphs.whisper import Cache, TracedWhisperDecoder, WhisperEncoder, cache_names
from export.role_build import Array, BuildError, FreeAxis
from export.sample_speech import TOLERANCE, read_spoken, tone_sweep
from export.tasks.asr import MEANINGS, PREPROCESSING, decoder_feeds, listed_task
from export.tokenizer_tables import tokenizer_json
from export.trace import reference

_TASK_TOKENS = 4
"""Start, language, task, timestamps: the largest number of tokens in one step."""
_USUAL_PAST = 24
"""Tokens of a sentence of some seconds."""
_LEAST_FRAMES, _MOST_FRAMES = (
    round(window_s * SAMPLE_RATE_HZ / HOP_SAMPLES) for window_s in (WINDOWS_S[0], WINDOWS_S[-1])
)
_POSITIONS = round(WINDOWS_S[-1] * SAMPLE_RATE_HZ / HOP_SAMPLES) // 2
_GOLDEN_S = 3.0
_OLD_NAMES = {"<|nocaptions|>": "<|nospeech|>"}
"""Special tokens that have another name in Hugging Face's first conversions."""
_NO_SPEECH = "with speech: no list of recordings was given, so the golden input is a sweep of tones"


class FlatEncoder(nn.Module):
    """`mel` [1, bands, frames] -> key and value of each decoder layer's cross-attention."""

    def __init__(self, model: WhisperForConditionalGeneration) -> None:
        super().__init__()
        self.encoder = WhisperEncoder(model)

    def forward(self, mel: Tensor) -> tuple[Tensor, ...]:
        """Encode the spectrogram."""
        return tuple(chain(*self.encoder(mel)))


class FlatDecoder(nn.Module):
    """`ids` [n, t], then past and cross keys and values by layer -> `logits` [n, vocabulary] and the longer past."""

    def __init__(self, model: WhisperForConditionalGeneration) -> None:
        super().__init__()
        self.decoder = TracedWhisperDecoder(model)

    def forward(self, ids: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
        """Read the next tokens."""
        middle = len(caches) // 2
        logits, present = self.decoder(ids, _pairs(caches[:middle]), _pairs(caches[middle:]))
        return (logits, *chain(*present))


def _pairs(tensors: Sequence[Tensor]) -> Cache:
    return list(zip(tensors[::2], tensors[1::2], strict=True))


def encoder_job(model: WhisperForConditionalGeneration) -> GraphJob:
    """The encoder, for audio of any length."""
    bands = model.config.num_mel_bins
    frames = FreeAxis("frames", _LEAST_FRAMES, _LEAST_FRAMES, _MOST_FRAMES)

    def example(sizes: Mapping[str, int]) -> Mapping[str, Tensor]:
        generator = torch.Generator().manual_seed(sizes["frames"])
        return {"mel": torch.randn(1, bands, sizes["frames"], generator=generator)}

    outputs = tuple(cache_names("cross", model.config.decoder_layers))
    return GraphJob(FlatEncoder(model), example, outputs, {"mel": {2: frames}}, "transformer")


def decoder_job(model: WhisperForConditionalGeneration) -> GraphJob:
    """The decoder, for any number of hypotheses and tokens, any past and any audio."""
    config = model.config
    heads, width, layers = (
        config.decoder_attention_heads,
        config.d_model // config.decoder_attention_heads,
        config.decoder_layers,
    )
    n, t = FreeAxis("n", 1, BEAMS, BEAMS), FreeAxis("t", 1, 1, _TASK_TOKENS)
    past = FreeAxis("past", 0, _USUAL_PAST, config.max_target_positions - _TASK_TOKENS)
    sound = FreeAxis("sound", _LEAST_FRAMES // 2, _LEAST_FRAMES // 2, _MOST_FRAMES // 2)

    def example(sizes: Mapping[str, int]) -> Mapping[str, Tensor]:
        generator = torch.Generator().manual_seed(sum(sizes.values()))
        ids = torch.randint(0, config.vocab_size, (sizes["n"], sizes["t"]), generator=generator)
        shapes = {}
        for prefix, count, time in (("past", sizes["n"], sizes["past"]), ("cross", 1, sizes["sound"])):
            for key, value in _pairs(cache_names(prefix, layers)):
                shapes[key], shapes[value] = (count, heads, width, time), (count, heads, time, width)
        return {"ids": ids, **{name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}}

    axes: dict[str, Mapping[int, FreeAxis]] = {"ids": {0: n, 1: t}}
    for prefix, free, time in (("past", {0: n}, past), ("cross", {}, sound)):
        for key, value in _pairs(cache_names(prefix, layers)):
            axes[key], axes[value] = {**free, 3: time}, {**free, 2: time}
    outputs = ("logits", *cache_names("present", layers))
    return GraphJob(FlatDecoder(model), example, outputs, axes, "transformer")


class TorchGraph:
    """Runs a graph job in torch with the interface of a session: real inputs are computed before the file exists."""

    def __init__(self, graph: GraphJob) -> None:
        self._graph = graph
        least = graph.example({axis.name: max(axis.least, 1) for free in graph.axes.values() for axis in free.values()})
        self.input_shapes: dict[str, list[int | str]] = {
            name: [
                graph.axes.get(name, {})[at].name if at in graph.axes.get(name, {}) else size
                for at, size in enumerate(value.shape)
            ]
            for name, value in least.items()
        }

    def run(self, feeds: Feeds) -> dict[str, Array]:
        """All outputs for the named inputs."""
        return reference(self._graph, {name: torch.from_numpy(feeds[name]) for name in self.input_shapes})


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Load the folder `checkpoint` and describe how it is traced, fed and judged.

    The options `calibration` and `evaluation` name lists of `path<TAB>text`.
    """
    model = _model(checkpoint)
    tables = {"tokenizer": _tokenizer(checkpoint, work), "decoding": _decoding(checkpoint, work)}
    tokens = _tokens(checkpoint, tables)
    calibration = [one.samples for one in read_spoken(options["calibration"])] if "calibration" in options else []
    spoken = read_spoken(options["evaluation"]) if "evaluation" in options else []
    real = [*calibration, *(one.samples for one in spoken)]
    graphs = {"encoder": encoder_job(model), "decoder": decoder_job(model)}
    golden = _feeds(graphs, tokens, [real[0] if real else tone_sweep(_GOLDEN_S)])

    return ExportJob(
        role=options.get("role", "asr"),
        description=f"Whisper, {model.config.encoder_layers} + {model.config.decoder_layers} layers: speech to text",
        sources=sources_of(checkpoint, options.get("licence", "not stated")),
        training_data=options.get("training_data", "not stated"),
        graphs=graphs,
        golden_inputs={name: samples[-1] for name, samples in golden.items()},
        calibration=_feeds(graphs, tokens, calibration) if calibration else {},
        task=listed_task(tokens, spoken, options["evaluation"], TOLERANCE) if spoken else None,
        tensor_meanings=MEANINGS,
        preprocessing=PREPROCESSING,
        not_checked=["languages other than Chinese and English", *([] if real else [_NO_SPEECH])],
        tables=tables,
    )


def _model(folder: Path) -> WhisperForConditionalGeneration:
    kind = folder_config(folder).get("model_type")
    if kind != "whisper":
        raise BuildError(f"{folder / 'config.json'} describes a {kind!r}, not a whisper")
    model = load_folder(WhisperForConditionalGeneration, folder, attn_implementation="eager")
    config: Any = model.config
    wanted: dict[str, tuple[Any, ...]] = {
        "num_mel_bins": WHISPER_BANDS,
        "max_source_positions": (_POSITIONS,),
        "activation_function": ("gelu",),
    }
    for name, values in wanted.items():
        if getattr(config, name) not in values:
            known = " or ".join(map(str, values))
            raise BuildError(f"{folder}: {name} is {getattr(config, name)}; the appliance runs Whispers with {known}")
    if not torch.equal(model.proj_out.weight, model.model.decoder.embed_tokens.weight):
        raise BuildError(f"{folder}: its output projection is not its embedding, as it is in every Whisper")
    return model


def _tokenizer(folder: Path, work: Path) -> Path:
    """tokenizer.json with today's names of the special tokens."""
    text = tokenizer_json(folder, work).read_text(encoding="utf-8")
    for old, new in _OLD_NAMES.items():
        text = text.replace(json.dumps(old), json.dumps(new))
    table = work / "tokenizer.table.json"
    table.write_text(text, encoding="utf-8")
    return table


def _decoding(folder: Path, work: Path) -> Path:
    """The tokens that are never written, from generation_config.json, or config.json in older folders."""
    stored = read_json(folder / "config.json")
    if (folder / "generation_config.json").is_file():
        stored |= read_json(folder / "generation_config.json")
    if stored.get("begin_suppress_tokens") is None:
        raise BuildError(f"{folder}: generation_config.json names no begin_suppress_tokens; take that of the release")
    table = work / "decoding.json"
    content = {
        "suppress_ids": stored.get("suppress_tokens") or [],
        "suppress_ids_begin": stored["begin_suppress_tokens"],
    }
    table.write_text(json.dumps(content), encoding="utf-8")
    return table


def _tokens(folder: Path, tables: Mapping[str, Path]) -> WhisperTokens:
    try:
        return WhisperTokens(tables["tokenizer"], tables["decoding"])
    except BundleError as error:
        raise BuildError(f"{folder}: {error} (a multilingual Whisper is wanted)") from error


def _feeds(graphs: Mapping[str, GraphJob], tokens: WhisperTokens, sounds: Sequence[Float32]) -> dict[str, list[Feeds]]:
    """Real inputs of both graphs: each recording in its window, and the decoder's first steps on it."""
    model = WhisperModel(TorchGraph(graphs["encoder"]), TorchGraph(graphs["decoder"]))  # type: ignore[arg-type]
    made: dict[str, list[Feeds]] = {"encoder": [], "decoder": []}
    for samples in sounds:
        window_s = next(
            (window_s for window_s in WINDOWS_S if len(samples) <= window_s * SAMPLE_RATE_HZ), WINDOWS_S[-1]
        )
        mel = log_mel(samples, window_s, model.bands)
        made["encoder"].append({"mel": mel[None]})
        made["decoder"] += decoder_feeds(model, tokens, mel)
    return made
