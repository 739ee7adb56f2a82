"""Exports weights of an image classifier whose architecture a library builds (timm, torchvision).

A state_dict names neither its architecture nor its preprocessing. The architecture is `--set architecture=NAME`. Size,
mean and deviation come from the options, else from the library's entry for that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from export.checkpoint import load_state, read_checkpoint, sources_of, state_of
from export.export_job import ExportJob
from export.exporters import OptionError
from export.exporters.options import floats, number
from export.exporters.picture_net import PictureNet, picture_job
from export.role_build import BuildError

_TRANSFORMERS = ("vit", "deit", "swin", "beit", "eva", "maxvit", "cait", "xcit")
"""Beginnings of the names of architectures that compute mostly in MatMul."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A library's preprocessing for an architecture."""

    px: int
    mean: Sequence[float]
    deviation: Sequence[float]


class Classifier(nn.Module):
    """`image` [n, channels, px, px], 0..1 -> `probabilities` [n, classes]."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, net: nn.Module, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, -1, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Normalize, and turn the logits into probabilities."""
        return torch.softmax(self.net((image - self.mean) / self.deviation), dim=1)


def library_job(
    library: str,
    make: Callable[[str, int, int], nn.Module],
    usual_of: Callable[[str, nn.Module], Usual],
    checkpoint: Path,
    options: Mapping[str, str],
) -> ExportJob:
    """Build the architecture by `make(name, classes, channels)`, load the weights, and describe it.

    Raises:
        OptionError: the architecture is not named, or unknown.
        BuildError: the weights do not fit it.
    """
    name = options.get("architecture")
    if name is None:
        raise OptionError(
            f"a file of weights does not say what it is of: --set architecture=NAME, as {library} calls it"
        )
    state = {key: _single(value) for key, value in state_of(checkpoint, read_checkpoint(checkpoint)).items()}
    with torch.device("meta"):
        plain, other, wider = (make(name, *sizes) for sizes in ((11, 3), (13, 3), (11, 5)))
    state, left_out = _of_the_net(state, plain)
    classes = _size(state, _dependent(plain, other), 0, checkpoint)
    channels = _size(state, key, 1, checkpoint) if (key := _dependent(plain, wider)) else 3
    net = make(name, classes, channels)
    load_state(net, state, checkpoint, f"{library}'s {name}")
    usual = usual_of(name, net)
    px = int(number(options, "px", usual.px))
    mean, deviation = (
        floats(options, key, channels, default)
        for key, default in (("mean", usual.mean), ("deviation", usual.deviation))
    )
    assumed = [key for key in ("px", "mean", "deviation") if key not in options]
    return picture_job(
        PictureNet(
            description=f"{name} of {library}",
            module=Classifier(net, mean, deviation).eval(),
            outputs=("probabilities",),
            px=px,
            seen_px=px,
            classes=[f"class {number}" for number in range(classes)],
            family="transformer" if name.startswith(_TRANSFORMERS) else "cnn",
            sources=sources_of(checkpoint, options.get("licence", "not stated")),
            preprocessing={"px": px, "mean": list(mean), "deviation": list(deviation), "range": [0.0, 1.0]},
            channels=channels,
            not_checked=[
                *([f"{', '.join(assumed)} of the pictures: {library}'s for {name} were taken"] if assumed else []),
                *([f"left out of the file: {', '.join(left_out)}"] if left_out else []),
            ],
        ),
        options,
    )


def _single(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _dependent(one: nn.Module, other: nn.Module) -> str | None:
    """The first tensor whose shape differs, since the number of classes or channels does."""
    shapes = {key: value.shape for key, value in other.state_dict().items()}
    return next((key for key, value in one.state_dict().items() if shapes[key] != value.shape), None)


def _of_the_net(state: Mapping[str, Tensor], net: nn.Module) -> tuple[dict[str, Tensor], list[str]]:
    """The net's tensors without the prefix of the attribute that held it (Lightning's `model.`), and the other
    tensors.
    """
    wanted = list(net.state_dict())
    for key in (key for key in state if f".{key}".endswith(f".{wanted[0]}")):
        before = key.removesuffix(wanted[0])
        if all(f"{before}{name}" in state for name in wanted):
            found = {name: state[f"{before}{name}"] for name in wanted}
            return found, [other for other in state if other.removeprefix(before) not in found]
    return dict(state), []


def _size(state: Mapping[str, Tensor], key: str | None, at: int, path: Path) -> int:
    if key is None or key not in state or state[key].ndim <= at:
        raise BuildError(
            f"{path} does not fit the architecture: it has no tensor {key}; its first are {', '.join(list(state)[:3])}"
        )
    return int(state[key].shape[at])
