"""Text encoders of the BERT family: token ids in; hidden states, one vector per text and its classes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from export.checkpoint import folder_config, load_folder, read_json, sources_of
from export.export_job import ExportJob, Feeds, GraphJob
from export.exporters import OptionError
from export.exporters.classifier_heads import CheckpointHead, class_names, head_of, is_classifier, left_out
from export.exporters.options import number, truth
from export.exporters.samples import STRINGS, agreement_task, read_samples
from export.role_build import BuildError, FreeAxis
from export.tokenizer_tables import tokenizer_json
from export.trace import reference

_HEADS = ("pooler.", "cls.", "lm_head.", "classifier.", "discriminator_predictions.", "generator_", "vocab_", "qa_")
"""Prefixes of the parts on top of the encoder, from pre-training and fine-tuning."""
_POOLER = ("pooler.",)
_MOST_TOKENS = 512
_MOST_TEXTS = 16
_GOLDEN = ("你开得太快了，我害怕。", "The next stop is the railway station.")


class TextEncoderModule(nn.Module):
    """`input_ids` [n, t] int64, `attention_mask` [n, t] int64 -> `hidden` [n, t, h], `vector` [n, h], and the output of
    the head.
    """

    def __init__(self, model: nn.Module, pooling: str, normalize: bool, head: CheckpointHead | None) -> None:
        super().__init__()
        self.model, self.pooling, self.normalize, self.head = model, pooling, normalize, head

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """The last layer, its mean over the real tokens or its first token, and the output of the head."""
        wanted = {"output_hidden_states": True} if self.head else {}
        found = self.model(input_ids=input_ids, attention_mask=attention_mask, **wanted)
        hidden = found.hidden_states[-1] if self.head else found.last_hidden_state
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            weight = attention_mask.to(hidden.dtype).unsqueeze(2)
            pooled = (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
        vector = functional.normalize(pooled, dim=1) if self.normalize else pooled
        return (hidden, vector, self.head.read(found.logits)) if self.head else (hidden, vector)


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Read a Hugging Face folder; calibration and evaluation files hold an array `text` of strings."""
    from transformers import AutoModel, AutoModelForSequenceClassification

    config = folder_config(checkpoint)
    loader, heads = (AutoModelForSequenceClassification, _POOLER) if is_classifier(config) else (AutoModel, _HEADS)
    model = load_folder(loader, checkpoint, heads, attn_implementation="eager")
    head = head_of(config, model)
    if not hasattr(model, "get_input_embeddings") or not hasattr(model.config, "vocab_size"):
        raise BuildError(
            f"{checkpoint} is a {config.get('model_type')} model, which reads no text; see emvas export list"
        )
    encoder = TextEncoderModule(model, _pooling(checkpoint, options), _normalize(checkpoint, options), head)
    most = _most_tokens(model, options)
    prefix = options.get("prefix", "")
    table = tokenizer_json(checkpoint, work)
    tokens = Tokenizer.from_file(str(table))
    graph = _graph(encoder, int(model.config.vocab_size), most)
    samples = {
        key: _feeds(tokens, _texts(options[key]), prefix, most)
        for key in ("calibration", "evaluation")
        if key in options
    }
    golden = _feeds(tokens, _GOLDEN, prefix, most)[0]
    task = None
    if "evaluation" in samples:
        wanted = [reference(graph, _tensors(feeds))["vector"] for feeds in samples["evaluation"]]
        task = agreement_task("model", "vector", samples["evaluation"], wanted, options["evaluation"])
    return ExportJob(
        role=options.get("role", "text_encoder"),
        description=f"{config.get('model_type')} text encoder, vectors by {encoder.pooling}",
        sources=sources_of(checkpoint, options.get("licence", "not stated")),
        training_data=options.get("training_data", "not stated"),
        graphs={"model": graph},
        golden_inputs={"model": golden},
        calibration={"model": samples["calibration"]} if "calibration" in samples else {},
        task=task,
        tensor_meanings={
            "input_ids": "token numbers of the table `tokenizer`",
            "attention_mask": "1 where there is a token, else 0",
            "hidden": "last layer, one row a token",
            "vector": "one vector a text" + (" of length 1" if encoder.normalize else ""),
            **({head.output: head.meaning} if head else {}),
        },
        labels=class_names(options.get("labels"), head.labels) if head else [],
        preprocessing={
            "prefix": prefix,
            "most_tokens": most,
            "pooling": encoder.pooling,
            "normalize": encoder.normalize,
        },
        not_checked=[
            "quality of the vectors for a task: only their agreement with torch was measured",
            *left_out(config),
        ],
        tables={"tokenizer": table},
    )


def _graph(encoder: TextEncoderModule, vocabulary: int, most: int) -> GraphJob:
    texts, tokens = FreeAxis("n", 1, 1, _MOST_TEXTS), FreeAxis("tokens", 2, min(32, most), most)

    def example(sizes: Mapping[str, int]) -> Mapping[str, Tensor]:
        generator = torch.Generator().manual_seed(sizes["n"] * 1000 + sizes["tokens"])
        shape = (sizes["n"], sizes["tokens"])
        lengths = torch.randint(1, sizes["tokens"] + 1, (sizes["n"], 1), generator=generator)
        return {
            "input_ids": torch.randint(3, vocabulary, shape, generator=generator),
            "attention_mask": (torch.arange(sizes["tokens"]) < lengths).long(),
        }

    free = {0: texts, 1: tokens}
    axes = {"input_ids": free, "attention_mask": free}
    outputs = ("hidden", "vector", *([encoder.head.output] if encoder.head else []))
    return GraphJob(encoder, example, outputs, axes, "transformer")


def _pooling(folder: Path, options: Mapping[str, str]) -> str:
    pooling = options.get("pooling")
    if pooling is None:
        path = folder / "1_Pooling" / "config.json"
        cls = path.is_file() and read_json(path).get("pooling_mode_cls_token")
        return "cls" if cls else "mean"
    if pooling not in ("mean", "cls"):
        raise OptionError(f"--set pooling={pooling}: mean or cls is wanted")
    return pooling


def _normalize(folder: Path, options: Mapping[str, str]) -> bool:
    path = folder / "modules.json"
    default = path.is_file() and "models.Normalize" in path.read_text(encoding="utf-8")
    return truth(options, "normalize", default)


def _most_tokens(model: nn.Module, options: Mapping[str, str]) -> int:
    config: Any = model.config
    positions = int(getattr(config, "max_position_embeddings", _MOST_TOKENS))
    if positions > _MOST_TOKENS and positions - _MOST_TOKENS <= 2:
        positions = _MOST_TOKENS  # RoBERTa's positions start at the padding id + 1
    elif "roberta" in config.model_type:
        positions -= int(config.pad_token_id) + 1
    return min(int(number(options, "most_tokens", _MOST_TOKENS)), positions)


def _feeds(tokens: Tokenizer, texts: Sequence[str], prefix: str, most: int) -> list[Feeds]:
    tokens.enable_truncation(most)
    tokens.no_padding()
    rows = [tokens.encode(prefix + text).ids for text in texts]
    return [
        {"input_ids": np.array([ids], np.int64), "attention_mask": np.ones((1, len(ids)), np.int64)} for ids in rows
    ]


def _texts(path: str) -> list[str]:
    texts = [str(text) for text in read_samples(Path(path), {"text": STRINGS})["text"]]
    if blank := [row for row, text in enumerate(texts) if not text.strip()]:
        raise BuildError(f"{path}: `text` is blank in sample {blank[0]}: leave it out")
    return texts


def _tensors(feeds: Feeds) -> dict[str, Tensor]:
    return {name: torch.from_numpy(value) for name, value in feeds.items()}
