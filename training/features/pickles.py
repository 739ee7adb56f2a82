"""Reads pickles that hold numpy arrays, torch tensors, text, lists and dictionaries; refuses everything else.

A pickle is a program, and numpy's own unpickling trusts its statements about memory. Here no class of a library is ever
imported: the few names that arrays need are mapped to small classes of this module, which read numbers from bytes.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.features.dataset import FeaturesError

_NUMBERS = "biufSU"
"""Kinds of numbers and text that are plain bytes."""


class _Kind:
    """Stands for a `numpy.dtype`."""

    def __init__(self, name: str, *_: Any) -> None:
        self.dtype = np.dtype(str(name))
        if self.dtype.kind not in f"{_NUMBERS}O" or (self.dtype.hasobject and self.dtype.kind != "O"):
            raise pickle.UnpicklingError(f"arrays of {self.dtype} are not wanted")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])

    def array(self, content: Any, shape: tuple[int, ...], order: str) -> npt.NDArray[Any]:
        """An array of bytes, or of the items of a list if the kind is `object`."""
        if self.dtype.kind == "O":
            if not isinstance(content, list) or not all(isinstance(item, str | int | float) for item in content):
                raise pickle.UnpicklingError("an array of objects holds something else than text and numbers")
            return np.array(content).reshape(shape)
        if isinstance(content, str):
            content = content.encode("latin-1")
        values = np.frombuffer(bytes(content), self.dtype)
        return values.reshape(shape, order="F" if order == "F" else "C")


class Stored:
    """Stands for a `numpy.ndarray`; `value` is the array."""

    def __init__(self, value: npt.NDArray[Any] | None = None) -> None:
        self.value = np.zeros(0) if value is None else value

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, content = state
        self.value = kind.array(content, shape, "F" if fortran else "C")


def _reconstruct(*_: Any) -> Stored:
    return Stored()


def _from_buffer(content: Any, kind: _Kind, shape: tuple[int, ...], order: str) -> Stored:
    return Stored(kind.array(content, shape, order))


def _scalar(kind: _Kind, content: Any) -> Any:
    return kind.array(content, (), "C").item()


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes encoded as {encoding}")
    return text.encode("latin-1")


def _empty() -> bytes:
    return b""


def _ndarray(*_: Any) -> None:
    raise pickle.UnpicklingError("an array made without numpy's pickling")


def _storage(content: bytes) -> Any:
    """The numbers of a torch tensor, read without running code, as torch reads weights."""
    import torch

    return torch.load(io.BytesIO(content), weights_only=True)


def _tensor(storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Stored:
    import torch

    numbers = torch.tensor([], dtype=storage.dtype).set_(storage.untyped())
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if offset < 0 or min((*size, *stride, 0)) < 0 or (0 not in size and last >= len(numbers)):
        raise pickle.UnpicklingError("a tensor claims more numbers than it has")
    values = torch.as_strided(numbers, size, stride, offset)
    return Stored((values.float() if values.dtype == torch.bfloat16 else values).numpy().copy())


def _hooks(*_: Any) -> dict[str, Any]:
    return {}


_ALLOWED: dict[str, Callable[..., Any]] = {
    "multiarray._reconstruct": _reconstruct,
    "multiarray.scalar": _scalar,
    "numeric._frombuffer": _from_buffer,
}
_NAMES: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _bytes,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch.storage", "_load_from_bytes"): _storage,
    ("collections", "OrderedDict"): _hooks,
    ("builtins", "bytes"): _empty,
    ("__builtin__", "bytes"): _empty,
    **{
        (f"numpy.{core}.{module}", function): call
        for core in ("core", "_core")
        for (module, function), call in ((tuple(name.split(".")), call) for name, call in _ALLOWED.items())
    },
}
"""The class or function for each name that a pickle of arrays and tensors uses (numpy 1 and 2, torch, all
protocols)."""


class _Reader(pickle.Unpickler):
    """Resolves only the names in `_NAMES`."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        found = _NAMES.get((module_name, global_name))
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}, which is no array and no text")
        return found

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError(f"it refers to something outside ({pid!r})")


def read_pickle(path: Path) -> Any:
    """The content of `path`; each array in it is a `Stored`.

    Raises:
        FeaturesError: it is missing, damaged, or holds anything but arrays, text, numbers, lists and dictionaries.
    """
    try:
        with path.open("rb") as stream:
            return _Reader(stream).load()
    except FileNotFoundError as error:
        raise FeaturesError(f"{path}: there is no such file") from error
    except Exception as error:  # a damaged pickle may raise any exception
        raise FeaturesError(
            f"{path} is refused: {error or type(error).__name__}; only pickles of arrays and text are read"
        ) from error
