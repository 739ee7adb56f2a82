"""Encoders of Hugging Face with random weights, in folders as save_pretrained writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 50}
SOUND = {
    **{key: value for key, value in WORDS.items() if key != "vocab_size"},
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
STAGES = {"hidden_sizes": [8, 16], "depths": [1, 1], "num_labels": 7}
PATCHES = {**WORDS, "image_size": 32, "patch_size": 8, "num_labels": 7}
ARCHITECTURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert": ("BertConfig", "BertForMaskedLM", {**WORDS, "max_position_embeddings": 64}),
    "xlm-r": ("XLMRobertaConfig", "XLMRobertaModel", {**WORDS, "max_position_embeddings": 66}),
    "resnet": ("ResNetConfig", "ResNetForImageClassification", {**STAGES, "embedding_size": 8}),
    "mobilenet": (
        "MobileNetV2Config",
        "MobileNetV2ForImageClassification",
        {"num_labels": 7, "depth_multiplier": 0.25},
    ),
    "vit": ("ViTConfig", "ViTForImageClassification", PATCHES),
    "convnext": ("ConvNextConfig", "ConvNextForImageClassification", {**STAGES, "num_stages": 2}),
    "wav2vec2": ("Wav2Vec2Config", "Wav2Vec2Model", SOUND),
    "hubert": ("HubertConfig", "HubertModel", SOUND),
    "wavlm": ("WavLMConfig", "WavLMModel", SOUND),
}
NAMED = {"num_labels": 3, "id2label": {0: "sad", 1: "calm", 2: "glad"}}
CLASSIFIERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert classes": ("BertConfig", "BertForSequenceClassification", {**WORDS, **NAMED}),
    "roberta one number": ("RobertaConfig", "RobertaForSequenceClassification", {**WORDS, "num_labels": 1}),
    "distilbert many": (
        "DistilBertConfig",
        "DistilBertForSequenceClassification",
        {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32, "vocab_size": 50, **NAMED}
        | {"problem_type": "multi_label_classification"},
    ),
    "wav2vec2 classes": ("Wav2Vec2Config", "Wav2Vec2ForSequenceClassification", {**SOUND, **NAMED}),
    "hubert weighted": (
        "HubertConfig",
        "HubertForSequenceClassification",
        {**SOUND, **NAMED, "use_weighted_layer_sum": True},
    ),
}
"""Encoders with a head; the name's second word is what the head says."""
KINDS = {"bert": "text", "xlm-r": "text", "wav2vec2": "audio", "hubert": "audio", "wavlm": "audio"}
PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": 32, "width": 32},
    "sampling_rate": 16000,
    "do_normalize": True,
}


def make_encoder_folder(name: str, folder: Path) -> Path:
    """Write the architecture `name` of the tables and return its folder."""
    torch.manual_seed(3)
    config, model, settings = {**ARCHITECTURES, **CLASSIFIERS}[name]
    made = getattr(transformers, model)(getattr(transformers, config)(**settings))
    made.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "next": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(folder / "tokenizer.json"))
    return folder
