"""Options of an export: `key=value` pairs, checked against the options of the exporter."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from edge.bundle.contract import CONTRACTS
from export.checkpoint import nearest
from export.exporters import COMMON, EXPORTERS, Exporter, Group, OptionError

_TRUTH = {"true": True, "false": False}


def find_exporter(name: str, group: Group) -> Exporter:
    """The exporter of that name and group; OptionError names the nearest."""
    names = [row.name for row in EXPORTERS.values() if row.group == group]
    if name not in names:
        raise OptionError(f"there is no {group} exporter {name!r}; {nearest(name, names)}")
    return EXPORTERS[name]


def check_role(exporter: Exporter, role: str | None) -> None:
    """Raises OptionError for a role of the box that this kind of model cannot fill."""
    if role in CONTRACTS and role not in exporter.fills:
        can = f"it can be {' or '.join(exporter.fills)}, or" if exporter.fills else "the box runs no such model:"
        raise OptionError(
            f"{exporter.reads.split(' (')[0]} cannot be the box's role {role}; {can} give a name of your own with "
            "--role, for others to run"
        )


def check_options(exporter: Exporter, words: Sequence[str]) -> dict[str, str]:
    """`key=value` arguments as a table; OptionError names the nearest key for an unknown one."""
    known = {**exporter.options, **COMMON}
    options: dict[str, str] = {}
    for argument in words:
        key, equals, value = argument.partition("=")
        if not equals or not value:
            raise OptionError(f"--set {argument} is not key=value")
        if key not in known:
            raise OptionError(f"{exporter.name} has no option {key!r}; {nearest(key, known)}")
        options[key] = value
    return options


def truth(options: Mapping[str, str], key: str, default: bool) -> bool:
    """An option that is true or false."""
    if key not in options:
        return default
    if options[key] not in _TRUTH:
        raise OptionError(f"--set {key}={options[key]}: true or false is wanted")
    return _TRUTH[options[key]]


def number(options: Mapping[str, str], key: str, default: float) -> float:
    """An option that is a number above 0."""
    try:
        value = float(options.get(key, default))
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise OptionError(f"--set {key}={options[key]}: a number above 0 is wanted")
    return value


def sizes(options: Mapping[str, str], key: str, default: tuple[int, int, int]) -> tuple[int, int, int]:
    """An option of three whole numbers above 0: text, audio, vision."""
    if key not in options:
        return default
    parts = options[key].split(",")
    if len(parts) != 3 or not all(part.strip().isdigit() and int(part) > 0 for part in parts):
        raise OptionError(
            f"--set {key}={options[key]}: three whole numbers are wanted, text,audio,vision, as 39,400,55"
        )
    return int(parts[0]), int(parts[1]), int(parts[2])


def floats(options: Mapping[str, str], key: str, count: int, default: Sequence[float]) -> list[float]:
    """An option of one number for all channels, or one per channel; a grey input takes the mean of the colour
    default.
    """
    if key not in options:
        return list(default) if len(default) == count else [sum(default) / len(default)] * count
    try:
        values = [float(part) for part in options[key].split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, count):
        raise OptionError(f"--set {key}={options[key]}: one number is wanted, or {count} with commas between")
    return values * (count // len(values))


def library(name: str) -> Any:
    """A library that only its users have installed; OptionError says how to install it."""
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:  # torchvision raises RuntimeError beside a torch of another build
        raise OptionError(
            f"{name} is not installed here, or not for this torch ({error}): pip install {name}; or export the net as "
            "ONNX where you trained it, and take emvas export onnx"
        ) from error
