"""The contract of each role: the inputs and outputs that the box uses; other models are refused.

`export`, `emvas bundle build`, `emvas check` and every reader of a bundle use the same table. The box does not run a
role outside the table; other programs may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.bundle.manifest import Graph, Role
from edge.messages import EXPRESSIONS

Size = int | str | range | None
"""Expected size of a dimension: this number, a free dimension (by name), a fixed size within the range, or any (None).
A free dimension fits every number but no range: the box reads its input size from the graph."""

ANY = range(1, 1 << 20)
"""Any fixed size."""
_INTEGERS = ("ids",)
"""Tensors of int64; all others are float32."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Inputs and outputs of one graph, by name."""

    inputs: Mapping[str, Sequence[Size]]
    outputs: Mapping[str, Sequence[Size]]
    """The outputs that the box reads; a graph may have more."""
    takes_more: bool = False
    """Whether the box handles further inputs by itself, such as caches."""


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract of one role; a role for several kinds of model has one contract for each kind."""

    graphs: Mapping[str, Ends]
    labels: Sequence[str] = ()
    """Permitted labels, in any order, one for each column of `labelled`; empty: no labels."""
    labelled: str = ""
    """The output with one column for each label."""
    all_labels: bool = False
    """Whether the labels must be exactly these, in this order."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Smallest and largest value of each input."""


_UNIT, _SIGNED = {"image": (0.0, 1.0)}, {"image": (-1.0, 1.0)}
_WHISPER = {  # the mel bands are those of `edge.speech.log_mel`: 80, or 128 of a large-v3
    "encoder": Ends({"mel": (1, range(80, 129, 48), "frames")}, {}),
    "decoder": Ends({"ids": ("n", "t")}, {"logits": ("n", ANY)}, takes_more=True),
}

CONTRACTS: Mapping[str, Sequence[Contract]] = {
    "face_detector": [
        Contract(
            {"model": Ends({"image": (1, 3, 128, 128)}, {"boxes": (1, 896, 16), "scores": (1, 896, 1)})}, ranges=_SIGNED
        )
    ],
    "face_mesh": [
        Contract(
            {"model": Ends({"image": ("n", 3, 192, 192)}, {"landmarks": ("n", 1404), "presence": ("n", 1)})},
            ranges=_UNIT,
        )
    ],
    "iris": [
        Contract({"model": Ends({"image": ("n", 3, 64, 64)}, {"contour": ("n", 213), "iris": ("n", 15)})}, ranges=_UNIT)
    ],
    "eye_state": [Contract({"model": Ends({"image": ("n", 3, 64, 64)}, {"open": ("n", 1)})}, ranges=_UNIT)],
    "expression": [
        Contract(
            {"model": Ends({"image": ("n", range(16, 513), range(16, 513), 1)}, {"probabilities": ("n", ANY)})},
            labels=EXPRESSIONS,
            labelled="probabilities",
            ranges=_SIGNED,
        )
    ],
    "vad": [
        Contract(
            {
                "model": Ends(
                    {"audio": (1, 576), "state": (2, 1, 128)}, {"probability": (1, 1), "next_state": (2, 1, 128)}
                )
            }
        )
    ],
    "audio_events": [Contract({"model": Ends({"mel": (1, 1, 96, 64)}, {"scores": (1, 521)})})],
    "asr": [
        Contract(_WHISPER),
        Contract({"model": Ends({}, {"log_probs": (1, None, ANY)}, takes_more=True)}),
    ],
    "text": [
        Contract(
            {
                "model": Ends(
                    {"embeddings": (1, "t", ANY), "mask": (1, "t")}, {"embedding": (1, ANY), "sentiment": (1, 1)}
                )
            }
        )
    ],
    "prosody": [
        Contract(
            {"model": Ends({"features": (1, ANY)}, {"scores": (1, 2)})},
            labels=("arousal", "valence"),
            labelled="scores",
            all_labels=True,
        )
    ],
    "voice_affect": [
        Contract(
            {
                "states": Ends({"mel": (1, range(80, 129, 48), "frames")}, {"states": (1, None, ANY)}),
                "model": Ends({"features": (1, ANY)}, {"scores": (1, 2)}),
            },
            labels=("arousal", "valence"),
            labelled="scores",
            all_labels=True,
        )
    ],
    "drowsiness": [
        Contract(
            {"model": Ends({"features": (1, ANY)}, {"probabilities": (1, 2)})},
            labels=("alert", "drowsy"),
            labelled="probabilities",
            all_labels=True,
        )
    ],
    "fusion": [Contract({"model": Ends({}, {"score": (1,)}, takes_more=True)})],
}
"""The sizes are those of `edge.vision`, `edge.speech`, `edge.text` and `edge.fatigue`, which feed the graphs."""


def fed_range(role: str, tensor: str) -> tuple[float, float] | None:
    """Smallest and largest value that the box feeds an input; None without bounds, or if the box has no such input."""
    return next((contract.ranges[tensor] for contract in CONTRACTS.get(role, ()) if tensor in contract.ranges), None)


def misfit(name: str, role: Role) -> str | None:
    """Why the box cannot use a role, as the end of a sentence; None if it fits or is not a role of the box."""
    contracts = CONTRACTS.get(name, ())
    for variant, described in role.variants.items():
        graphs = described.graphs
        found = [contract for contract in contracts if set(contract.graphs) == set(graphs)]
        if contracts and not found:
            wanted = " or ".join(", ".join(contract.graphs) for contract in contracts)
            return f"{variant} has the graphs {', '.join(graphs)}; {wanted} is wanted"
        for contract in found:
            for graph, ends in contract.graphs.items():
                stored = graphs[graph]
                if fault := _ends(ends, stored) or _ranges(contract, stored) or _labels(contract, role, stored):
                    return f"graph {graph} ({variant}): {fault}"
    return None


def _ends(ends: Ends, graph: Graph) -> str | None:
    feeds, results = ({tensor.name: tensor for tensor in side} for side in (graph.inputs, graph.outputs))
    if not ends.takes_more and (more := set(feeds) - set(ends.inputs)):
        return f"it wants {', '.join(sorted(more))}, which the box does not have; it feeds {', '.join(ends.inputs)}"
    for side, wanted, found in (("input", ends.inputs, feeds), ("output", ends.outputs, results)):
        for name, sizes in wanted.items():
            if name not in found:
                return f"it has no {side} {name}; it has {', '.join(found) or 'none'}"
            if not _fits(sizes, found[name].shape):
                return f"{side} {name} is {_shape(found[name].shape)}, {_shape(sizes)} is wanted"
            kind = "int64" if name in _INTEGERS else "float32"
            if found[name].dtype != kind:
                return f"{side} {name} is {found[name].dtype}, {kind} is wanted"
    return None


def _fits(wanted: Sequence[Size], found: Sequence[int | str]) -> bool:
    return len(wanted) == len(found) and all(map(_fits_size, wanted, found))


def _fits_size(wanted: Size, found: int | str) -> bool:
    if isinstance(wanted, str):
        return isinstance(found, str)
    if isinstance(wanted, range):
        return found in wanted
    return wanted is None or isinstance(found, str) or found == wanted


def _ranges(contract: Contract, graph: Graph) -> str | None:
    for tensor in graph.inputs:
        fed = contract.ranges.get(tensor.name)
        if fed is not None and tensor.range not in (None, fed):
            return f"input {tensor.name} was made for {tensor.range}, the box feeds {fed}"
    return None


def _labels(contract: Contract, role: Role, graph: Graph) -> str | None:
    if not contract.labels:
        return None
    labels = role.labels
    columns = next((tensor.shape[-1] for tensor in graph.outputs if tensor.name == contract.labelled), None)
    if columns is None:  # another graph of the role gives them
        return None
    if len(labels) != columns or len(set(labels)) != len(labels):
        return f"{contract.labelled} has {columns} columns, the labels are {', '.join(labels) or 'none'}: one a column"
    known = ", ".join(contract.labels)
    if contract.all_labels and tuple(labels) != tuple(contract.labels):
        return f"the labels are {', '.join(labels)}; {known} in this order are wanted"
    if strange := [label for label in labels if label not in contract.labels]:
        return f"the box knows no label {', '.join(strange)}; it knows {known}"
    return None


def _shape(sizes: Sequence[Size]) -> str:
    return f"[{', '.join(_size(size) for size in sizes)}]"


def _size(size: Size) -> str:
    if not isinstance(size, range):
        return "any number" if size is None else str(size)
    if size.step > 1:
        return " or ".join(map(str, size))
    return "any number" if size == ANY else f"{size.start} to {size.stop - 1}"
