"""Classification heads of checkpoints: the meaning of their outputs, and the box's names of their classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from edge.messages import EXPRESSIONS
from export.graphs.picture_adapter import LEFT_OUT
from export.role_build import BuildError

_CLASSIFIER = "ForSequenceClassification"
_BARE = "Model"

Reading = Literal["softmax", "sigmoid", "none"]
_SYNONYMS = {
    "neutral": ("natural", "calm", "normal"),
    "happy": ("happiness", "joy", "smile"),
    "sad": ("sadness",),
    "angry": ("anger",),
    "fear": ("fearful", "afraid", "scared"),
    "disgust": ("disgusted",),
    "surprise": ("surprised",),
}
"""How data sets name the expressions of the box (FER2013, FER+, RAF-DB, AffectNet, CK+)."""
_NAMES = {name: label for label, others in _SYNONYMS.items() for name in (label, *others)}


@dataclass(frozen=True, slots=True)
class CheckpointHead:
    """The output of a checkpoint besides its vectors."""

    output: str
    """`probabilities`, or `score` if it was trained on one number."""
    reading: Reading
    labels: list[str]

    def read(self, logits: Tensor) -> Tensor:
        """The net's logits as the values of the output."""
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
    """The head of a loaded model; None without classes."""
    if not is_classifier(config):
        return None
    labels = [str(model.config.id2label[index]) for index in range(model.config.num_labels)]
    kind = model.config.problem_type
    if kind == "regression" or (kind is None and len(labels) == 1):
        return CheckpointHead("score", "none", labels)
    return CheckpointHead("probabilities", "sigmoid" if kind == "multi_label_classification" else "softmax", labels)


def left_out(config: Mapping[str, Any]) -> list[str]:
    """A note on a head that is not exported; empty without such a head."""
    architecture = _architecture(config)
    if not architecture or architecture.endswith((_CLASSIFIER, _BARE)):
        return []
    return [f"the head of {architecture}: only its encoder is in the graph"]


def _architecture(config: Mapping[str, Any]) -> str:
    return str(next(iter(config.get("architectures") or []), ""))


def class_names(given: str | None, classes: Sequence[str]) -> list[str]:
    """The names of the classes in their order: from `--labels`, else from the checkpoint.

    Raises:
        BuildError: the numbers of labels and classes differ.
    """
    if given is None:
        return list(classes)
    names = [name.strip() for name in given.split(",")]
    if len(names) != len(classes):
        raise BuildError(f"--labels names {len(names)} classes, the net has {len(classes)}: one name a class, in order")
    return names


def expressions_of(names: Sequence[str]) -> list[str]:
    """The box's expression for each class, or `LEFT_OUT`.

    Raises:
        BuildError: a name is not an expression of the box, or none is left.
    """
    found = [name if name == LEFT_OUT else _NAMES.get(name.lower(), "") for name in names]
    if strange := [name for name, label in zip(names, found, strict=True) if not label]:
        raise BuildError(
            f"the box knows no expression {', '.join(strange)}; it knows {', '.join(EXPRESSIONS)}. Say what each of "
            f"the {len(names)} classes is, in their order, {LEFT_OUT} for one that the box shall leave out: --labels "
            f"{','.join((*EXPRESSIONS, LEFT_OUT)[: len(names)])}"
        )
    if len(set(found) - {LEFT_OUT}) < 2:
        raise BuildError("--labels leaves fewer than two expressions: nothing can be told apart")
    return found
