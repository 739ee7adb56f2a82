"""Classification heads of Hugging Face text and audio models, exported beside the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

_CLASSIFIER = "ForSequenceClassification"
_BARE = "Model"

Reading = Literal["softmax", "sigmoid", "none"]


@dataclass(frozen=True, slots=True)
class CheckpointHead:
    """What a checkpoint says of its inputs besides its vectors."""

    output: str
    """`probabilities`, or `score` where it was trained on one number."""
    reading: Reading
    labels: list[str]

    def read(self, logits: Tensor) -> Tensor:
        """The numbers of the net as the output means them."""
        if self.reading == "softmax":
            return torch.softmax(logits, dim=1)
        return torch.sigmoid(logits) if self.reading == "sigmoid" else logits

    @property
    def meaning(self) -> str:
        """For the manifest."""
        means = {"softmax": "one a label, summing to 1", "sigmoid": "one a label, each by itself"}
        return means.get(self.reading, "the numbers that it was trained on")


def is_classifier(config: Mapping[str, Any]) -> bool:
    """Whether the folder's net has a classification head."""
    return _architecture(config).endswith(_CLASSIFIER)


def head_of(config: Mapping[str, Any], model: Any) -> CheckpointHead | None:
    """The head of a loaded model; None of one without classes."""
    if not is_classifier(config):
        return None
    labels = [str(model.config.id2label[index]) for index in range(model.config.num_labels)]
    kind = model.config.problem_type
    if kind == "regression" or (kind is None and len(labels) == 1):
        return CheckpointHead("score", "none", labels)
    return CheckpointHead("probabilities", "sigmoid" if kind == "multi_label_classification" else "softmax", labels)


def left_out(config: Mapping[str, Any]) -> list[str]:
    """A word on the head that is not exported; none where there is none."""
    architecture = _architecture(config)
    if not architecture or architecture.endswith((_CLASSIFIER, _BARE)):
        return []
    return [f"the head of {architecture}: only its encoder is in the graph"]


def _architecture(config: Mapping[str, Any]) -> str:
    return str(next(iter(config.get("architectures") or []), ""))
