"""Hugging Face's Whisper checkpoints: any folder of WhisperForConditionalGeneration with 80 or 128 mel bands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import WhisperForConditionalGeneration

from edge.bundle.manifest import BundleError
from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.log_mel import HOP_SAMPLES, WHISPER_BANDS, log_mel
from edge.speech.whisper import WINDOWS_S, WhisperModel, WhisperTokens
from export.checkpoint import folder_config, load_folder, read_json, sources_of
from export.export_job import ExportJob, Feeds, GraphJob
from export.graphs.whisper_flat import TorchGraph, decoder_job, encoder_job
from export.role_build import BuildError
from export.sample_speech import read_spoken, recognition_task, tone_sweep
from export.tasks.asr import transcribe
from export.tokenizer import tokenizer_json
from export.whisper_role import MEANINGS, PREPROCESSING, decoder_feeds

_POSITIONS = round(WINDOWS_S[-1] * SAMPLE_RATE_HZ / HOP_SAMPLES) // 2
_GOLDEN_S = 3.0
_OLD_NAMES = {"<|nocaptions|>": "<|nospeech|>"}
"""Special tokens that Hugging Face's first conversions call otherwise."""
_NO_SPEECH = "with speech: no list of recordings was given, so the golden input is a sweep of tones"


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Load the folder `checkpoint` and say how it is traced, fed and judged.

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

    def recognizer(sessions: Mapping[str, Session]) -> Any:
        heard = WhisperModel(sessions["encoder"], sessions["decoder"])
        return lambda samples: transcribe(heard, tokens, [samples])[0]

    return ExportJob(
        role=options.get("role", "asr"),
        description=f"Whisper, {model.config.encoder_layers} + {model.config.decoder_layers} layers: speech to text",
        sources=sources_of(checkpoint, options.get("licence", "not stated")),
        training_data=options.get("training_data", "not stated"),
        graphs=graphs,
        golden_inputs={name: samples[-1] for name, samples in golden.items()},
        calibration=_feeds(graphs, tokens, calibration) if calibration else {},
        task=recognition_task(spoken, recognizer, options["evaluation"]) if spoken else None,
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
    """Real inputs of both graphs: each sound in its window, and the decoder's first steps in it."""
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
