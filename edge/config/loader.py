"""Reads a configuration file, and installs one. An error gives file, line, allowed keys and the nearest known name."""

from __future__ import annotations

import difflib
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge.config.appliance import Config
from edge.config.constants import NOT_ECHOED
from edge.error import EmvasError
from edge.redact import address, redacted
from edge.releases.release_store import ReleaseStore
from edge.releases.safe_files import replace_link
from edge.releases.trial import ReleaseState

_MOST_VALUES = 10_000
"""Limit on expanded values. The largest example has 60; ten lines of references can expand to a billion."""
_DIGITS = 12
"""Hexadecimal digits of a file's hash in a release's name."""


class ConfigError(EmvasError):
    """A configuration that cannot be used; the message has one line for each fault."""


def load_config(path: Path | str) -> Config:
    """Read and validate `path`.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or has a key or value that is not allowed.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        if _expanded(tree, {}) > _MOST_VALUES:  # checked before they are made
            raise ConfigError(f"{path}: its references (`*name`) expand to more than {_MOST_VALUES} values")
        content = yaml.safe_load(text)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; examples are in configs/") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(f"{path}{line}: not valid YAML: {problem}") from error
    except (ValueError, AttributeError, RecursionError) as error:  # raised by PyYAML on a bad date or number
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}:1: a configuration is a list of `key: value` lines; examples are in configs/")
    twice = [f"{path}:{line}: `{key}` is given twice" for line, key in _repeated(tree, set())]
    if twice:
        raise ConfigError("\n".join(twice))
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        lines = [_sentence(path, tree, fault) for fault in error.errors()]
        raise ConfigError("\n".join(lines)) from error


def _sentence(path: Path, tree: yaml.Node | None, fault: ErrorDetails) -> str:
    location = fault["loc"]
    where = ".".join(str(part) for part in location)
    start = f"{path}:{_line(tree, location)}: "
    if fault["type"] == "extra_forbidden":
        names = _allowed_keys(location[:-1])
        return f"{start}`{where}` is not a key here{_nearest(str(location[-1]), names)}; allowed: {', '.join(names)}"
    if fault["type"] == "missing":
        return f"{start}`{where}` is missing"
    if fault["type"] == "model_type":
        return f"{start}`{where}` is a section: give `key: value` lines below it, or leave it out for its defaults"
    message = fault["msg"].removeprefix("Value error, ")
    value = address(fault["input"]) if location[-1:] == ("uri",) and isinstance(fault["input"], str) else fault["input"]
    echoed = fault["type"] != NOT_ECHOED and not isinstance(value, (dict, BaseModel))
    given = redacted(f" (it is {value!r})") if echoed else ""
    expected = fault.get("ctx", {}).get("expected")
    near = (
        _nearest(str(fault["input"]), str(expected).replace("'", "").replace(" or ", ", ").split(", "))
        if expected
        else ""
    )
    prefix = f"`{where}`: " if where else ""
    return f"{start}{prefix}{message}{given}{near}"


def _nearest(word: str, names: Sequence[str]) -> str:
    found = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"; did you mean `{found[0]}`?" if found else ""


def _allowed_keys(location: Sequence[int | str]) -> list[str]:
    model: Any = Config
    for part in location:
        annotation = model.model_fields[str(part)].annotation
        choices = [annotation, *get_args(annotation)]
        model = next(c for c in choices if isinstance(c, type) and issubclass(c, BaseModel))
    return list(model.model_fields)


def _repeated(node: yaml.Node | None, seen: set[int]) -> list[tuple[int, str]]:
    """Line and name of each repeated key, which YAML would silently override; `seen`: nodes visited through anchors."""
    if node is None or id(node) in seen:
        return []
    seen.add(id(node))
    found: list[tuple[int, str]] = []
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            found += _repeated(item, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                found += [(key.start_mark.line + 1, key.value)] if key.value in keys else []
                keys.add(key.value)
            found += _repeated(value, seen)
    return found


def _expanded(node: yaml.Node | None, known: dict[int, int]) -> int:
    """The number of values of the node with all references expanded; `known`: the counts of visited nodes."""
    if node is None or id(node) in known:
        return known.get(id(node), 0)
    known[id(node)] = 0  # a node that refers to itself is counted once
    inner = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    count = 1 if isinstance(node, yaml.ScalarNode) else 1 + sum(_expanded(part, known) for part in inner)
    known[id(node)] = count
    return count


def _line(tree: yaml.Node | None, location: Sequence[int | str]) -> int:
    """The line, from 1, of the deepest node on the way to `location`."""
    node, line = tree, 1
    for part in location:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == str(part):
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line


def install_config(source: Path, store: ReleaseStore, place: Path) -> ReleaseState:
    """Install the file `source` and make `place`, which the box reads, a link to it.

    A plain file at `place` was written by hand. It is kept as the proven release, to which a rollback returns.

    Raises:
        ConfigError: `source` is not a valid configuration; the installed one stays.
    """
    load_config(source)
    if place.is_file() and not place.is_symlink():
        store.install(_copy_of(place, "by-hand"))
        store.change(ReleaseState.confirmed)
        _link(place, store)
    state = store.install(_copy_of(source, source.stem))
    _link(place, store)
    return state


def _link(place: Path, store: ReleaseStore) -> None:
    """Make `place` a relative link, which also works in an image."""
    place.parent.mkdir(parents=True, exist_ok=True)
    replace_link(place, Path(os.path.relpath(store.link, place.parent)))


def _copy_of(source: Path, name: str) -> Callable[[Path], str]:
    def fill(made: Path) -> str:
        shutil.copyfile(source, made)
        return f"{name}-{hashlib.sha256(made.read_bytes()).hexdigest()[:_DIGITS]}"

    return fill
