"""The least, usual and largest shape of every input: the profile of an engine with free dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import onnx

from edge.bundle.manifest import Graph, Profile
from export.export_job import Feeds
from export.role_build import BuildError, FreeAxis

Axes = Mapping[str, Mapping[int, FreeAxis]]
"""Free dimensions of a graph by input and position."""


def inputs_of(graph: onnx.GraphProto) -> dict[str, list[int | str]]:
    """The shape of every input: a number, or a name (perhaps empty) where the dimension is free."""
    weights = {initializer.name for initializer in graph.initializer}
    return {
        value.name: [
            dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in value.type.tensor_type.shape.dim
        ]
        for value in graph.input
        if value.name not in weights
    }


def problems(inputs: Mapping[str, list[int | str]], axes: Axes) -> Iterator[tuple[str, str]]:
    """(input, fault of its axes) for all inputs that prevent a profile."""
    sizes: dict[str, FreeAxis] = {}
    for name, shape in inputs.items():
        for position, size in enumerate(shape):
            if isinstance(size, int):
                continue
            axis = axes.get(name, {}).get(position)
            if axis is None:
                yield name, f"dimension {position} ({size or 'unnamed'}) is free and has no sizes: give it an Axis"
            elif not 0 <= axis.least <= axis.usual <= axis.most:
                yield name, f"sizes of {axis.name} are {axis.least}, {axis.usual}, {axis.most}: they must not descend"
            elif sizes.setdefault(axis.name, axis) != axis:
                yield name, f"axis {axis.name} has other sizes here than in another input: one name is one size"


def profile_of(inputs: Mapping[str, list[int | str]], axes: Axes) -> dict[str, Profile]:
    """The three shapes of every input with a free dimension.

    Raises:
        BuildError: a free dimension has no sizes, or impossible ones.
    """
    for name, problem in problems(inputs, axes):
        raise BuildError(f"input {name}: {problem}")

    def shape(name: str, which: str) -> list[int]:
        return [
            size if isinstance(size, int) else int(getattr(axes[name][position], which))
            for position, size in enumerate(inputs[name])
        ]

    return {
        name: Profile(min=shape(name, "least"), opt=shape(name, "usual"), max=shape(name, "most"))
        for name, sizes in inputs.items()
        if any(isinstance(size, str) for size in sizes)
    }


def known_profile(inputs: Mapping[str, list[int | str]], axes: Axes) -> dict[str, Profile]:
    """The profile; empty if `axes` do not suffice, which the linter reports."""
    return {} if any(problems(inputs, axes)) else profile_of(inputs, axes)


def named_axes(path: Path, sizes: Mapping[str, FreeAxis]) -> dict[str, dict[int, FreeAxis]]:
    """The axes of the graph in `path` whose dimensions carry the names of `sizes`; others are left out."""
    inputs = inputs_of(onnx.load(path, load_external_data=False).graph)
    found = {
        name: {position: sizes[size] for position, size in enumerate(shape) if size in sizes}
        for name, shape in inputs.items()
    }
    return {name: positions for name, positions in found.items() if positions}


def stored_axes(graph: Graph) -> dict[str, dict[int, FreeAxis]]:
    """The axes in a manifest's profile."""
    return {
        tensor.name: {
            position: FreeAxis(size, *(shape[position] for shape in (profile.min, profile.opt, profile.max)))
            for position, size in enumerate(tensor.shape)
            if isinstance(size, str)
        }
        for tensor in graph.inputs
        if (profile := graph.profile.get(tensor.name)) is not None
    }


def check_feeds(profile: Mapping[str, Profile], feeds: Feeds, graph: str) -> None:
    """Check that the golden inputs fit the profile, since the engine is tested with them; BuildError names those that
    do not.
    """
    for name, shapes in profile.items():
        given = feeds[name].shape
        if not all(least <= size <= most for least, size, most in zip(shapes.min, given, shapes.max, strict=True)):
            raise BuildError(
                f"golden input {name} of graph {graph} has shape {list(given)}, outside its profile "
                f"{shapes.min} to {shapes.max}: widen the axes or take another golden input"
            )
