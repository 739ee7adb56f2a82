"""What each fusion model answers and learns with weights and inputs that a formula makes; as a script, written down.

Everything is in float64 and without random numbers, so that every machine gets the same values. The models that gave
`tests/training/fusion/fusion_values.json` agreed with those seven of MMSA that docs/evidence/mmsa.md lists. After a
change of a model on purpose, `PYTHONPATH=tests/helpers:. python tests/helpers/fusion_values.py` writes the file again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from fusion_batches import DIMS, SMALL
from torch import Tensor, nn

from training.fusion.losses import Targets
from training.fusion.models import build, spec
from training.fusion.models.base import FusionNet

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "training" / "fusion" / "fusion_values.json"
LENGTHS = torch.tensor([[5, 6, 4], [2, 3, 6], [4, 1, 4], [1, 5, 2], [3, 2, 5], [6, 4, 1], [2, 6, 3]])
PRESENCE = [[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [1, 1, 1], [1, 1, 1], [1, 0, 0]]
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in SMALL},
    "ef_lstm, every step the mean": ("ef_lstm", {"alignment": "mean"}),
    "ef_lstm, padded and interleaved": ("ef_lstm", {"alignment": "interleave", "padded_to": [7, 8, 6]}),
    "mfn, audio and vision by their means": ("mfn", {"alignment": "mean"}),
    "mult, each frame sees all": ("mult", {"causal": False}),
    "mult, two layers and text of the common size": ("mult", {"size": 6, "heads": 3, "layers": 2}),
    "mult, four layers": ("mult", {"layers": 4}),
    "self_mm, the mean of all words": ("self_mm", {"pooling": "mean", "exclude_zero": False}),
    "mtme, scores up to 3": ("mtme", {"score_bound": 3.0, "label_bound": 0.2, "least_distance": 0.1}),
    "mtme, one first layer": ("mtme", {"shared_trunk": True, "single_hidden": [4, 4, 4]}),
    "lf_dnn, standardized and bounded": ("lf_dnn", {"standardized": True, "output_range": [-1.5, 4.0]}),
}
"""The models as the other tests build them, and what a setting changes."""


def waves(shape: torch.Size | tuple[int, ...], start: float) -> Tensor:
    """Numbers between -1 and 1 that repeat nowhere."""
    count = torch.Size(shape).numel()
    return torch.sin(start + 1.7 * torch.arange(count, dtype=torch.float64)).reshape(shape)


def formula_model(name: str, config: dict[str, Any]) -> FusionNet:
    """A model of which each weight follows from its place."""
    model = build(name, DIMS, {**SMALL[name], **config}).double()
    with torch.no_grad():
        for place, (key, weight) in enumerate(model.named_parameters()):
            wide = 1.5 / math.sqrt(weight.shape[-1]) if weight.dim() > 1 else 0.3
            around = (1.0 if "norm" in key and key.endswith("weight") else 0.2) if weight.dim() == 1 else 0.0
            weight.copy_(around + wide * waves(weight.shape, 1 + 0.9 * place))
        for place, buffer in enumerate(part for part in model.buffers() if part.is_floating_point()):
            buffer.copy_(1 + 0.5 * waves(buffer.shape, 0.3 * place))
    return model


def formula_batch() -> list[Tensor]:
    """Seven samples of all lengths from 1 to 6, some without a modality, with wild values after their ends."""
    values = []
    for column, size in enumerate(DIMS.values()):
        part = waves((len(LENGTHS), 6, size), 2.0 + column)
        part[torch.arange(6) >= LENGTHS[:, column : column + 1]] = 99.0
        values.append(part)
    return [*values, *LENGTHS.unbind(dim=1), torch.tensor(PRESENCE, dtype=torch.float64)]


def formula_targets() -> Targets:
    """Labels of both signs and one of zero; a third of the single ones are missing."""
    label = waves((len(LENGTHS),), 0.4)
    label[4] = 0.0
    single = waves((len(LENGTHS), 3), 0.8)
    single[torch.arange(21).reshape(7, 3) % 3 == torch.arange(7).unsqueeze(1) % 3] = torch.nan
    return Targets(label, single, torch.arange(len(label)))


def values_of(case: str) -> dict[str, Any]:
    """All that a case says: answers, losses of three epochs, a number for each gradient and each state."""
    name, config = CASES[case]
    model = formula_model(name, config)
    told: dict[str, Any] = {"answers": _numbers(model.eval()(*formula_batch()))}
    for part in model.modules():  # no units are dropped: what is left follows from the formula
        for key in ("p", "dropout"):
            if isinstance(getattr(part, key, None), float):
                setattr(part, key, 0.0)
    objective = spec(name).objective(model.config)
    targets, inputs = formula_targets(), formula_batch()
    objective.begin(targets.label, targets.single)
    model.train()
    losses = []
    for epoch in (1, 2, 3):
        output = model(*inputs)
        loss = objective.loss(output, targets)
        loss.backward()
        losses.append(float(loss.detach()))
        objective.after_batch(output, targets, epoch)
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(0.9)
    told["learning"] = _sums(output)
    told["gradients"] = _sums({key: weight.grad for key, weight in model.named_parameters()})
    told["losses"] = losses
    told["state"] = _sums({**dict(model.named_buffers()), **objective.state_dict()})
    return told


def rates_of(name: str) -> list[float]:
    """The share that each part of a model drops, if every rate of its configuration is another one."""
    config: dict[str, Any] = {}
    rate = 0.0
    for key, field in spec(name).config.model_fields.items():
        if key.endswith(("dropout", "dropouts")) and key != "modality_dropout":
            many = len(field.default) if isinstance(field.default, tuple) else 1
            rates = [round(rate + 0.01 * one, 2) for one in range(1, many + 1)]
            rate = rates[-1]
            config[key] = rates if many > 1 else rates[0]
    model = build(name, DIMS, {**SMALL[name], **config})
    dropped = [part.p for part in model.modules() if isinstance(part, nn.Dropout)]
    return dropped + [part.dropout for part in model.modules() if isinstance(part, nn.LSTM)]


def all_values() -> dict[str, Any]:
    """What the file holds."""
    return {"values": {case: values_of(case) for case in CASES}, "rates": {name: rates_of(name) for name in SMALL}}


def _numbers(output: dict[str, Tensor]) -> dict[str, list[float]]:
    return {key: part.detach().double().flatten().tolist() for key, part in output.items() if part.dim() == 1}


def _sums(tensors: Mapping[str, Tensor | None]) -> dict[str, float]:
    """Of the tensors of each part the sum of all numbers, each times another one, so that a changed order shows."""
    found: dict[str, float] = {}
    for place, (key, part) in enumerate(tensors.items()):
        if part is not None:
            name = key.split(".")[0]
            worth = part.detach().double().nan_to_num()
            found[name] = found.get(name, 0.0) + float((worth * waves(part.shape, 0.5 + 0.8 * place)).sum())
    return found


def _short(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _short(part) for key, part in told.items()}
    return [_short(part) for part in told] if isinstance(told, list) else float(f"{told:.9g}")


def _written(told: dict[str, Any]) -> str:
    """JSON of which each line is a case."""
    parts = []
    for name, rows in _short(told).items():
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(row)}" for key, row in rows.items())
        parts.append(f" {json.dumps(name)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(_written(all_values()), encoding="utf-8")
