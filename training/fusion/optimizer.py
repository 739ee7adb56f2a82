"""Adam with the rates that settings give to groups of parameters."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import nn

from training.fusion.settings import FusionTraining
from training.settings_file import SettingsError


def optimizer_of(model: nn.Module, settings: FusionTraining) -> torch.optim.Adam:
    """Adam over all parameters of `model`; the first group whose pattern matches a name holds for it.

    Raises:
        SettingsError: a group's pattern matches no parameter that is left for it.
    """
    left = dict(model.named_parameters())
    groups: list[dict[str, Any]] = []
    for group in settings.groups:
        names = [name for name in left if fnmatchcase(name, group.parameters)]
        if not names:
            raise SettingsError(
                f"training.groups: no parameter is called {group.parameters!r}; there are {', '.join(left)}"
            )
        rates = {
            "lr": settings.learning_rate if group.learning_rate is None else group.learning_rate,
            "weight_decay": settings.weight_decay if group.weight_decay is None else group.weight_decay,
        }
        groups.append({"params": [left.pop(name) for name in names], **rates})
    if left:
        groups.append({"params": list(left.values())})
    return torch.optim.Adam(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)
