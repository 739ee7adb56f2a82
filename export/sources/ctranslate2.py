"""Reader of CTranslate2's `model.bin`: a flat list of named tensors and aliases.

Layout, all little-endian (`ModelSpec._serialize` of ctranslate2 4.8, binary version 6): version u32, name of the
specification, its revision u32, number of variables u32; a variable is its name, rank u8, dimensions u32 each, type u8,
size in bytes u32 and the bytes; then the number of aliases u32, each an alias and the name it stands for. A string is
its length u16, the closing zero included, and its bytes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from export.role_build import BuildError

BINARY_VERSION = 6
_DTYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
"""By type id (`_dtype_to_type_id`); 5, bfloat16, has no numpy type."""


@dataclass(frozen=True, slots=True)
class Ct2Model:
    """The content of one `model.bin`; aliases are resolved into `tensors`."""

    specification: str
    revision: int
    tensors: Mapping[str, npt.NDArray[Any]]


class _Cursor:
    """Reads the bytes in order and reports where they end too early."""

    def __init__(self, content: bytes, path: Path) -> None:
        self.content = content
        self.path = path
        self.offset = 0

    def take(self, size: int, what: str) -> bytes:
        """The next `size` bytes."""
        end = self.offset + size
        if end > len(self.content):
            raise self.refusal(f"it ends at byte {len(self.content)}, in the middle of {what}")
        taken = self.content[self.offset : end]
        self.offset = end
        return taken

    def number(self, form: str, what: str) -> int:
        """The next number, `form` as in `struct`."""
        value: int = struct.unpack("<" + form, self.take(struct.calcsize(form), what))[0]
        return value

    def text(self, what: str) -> str:
        """The next string."""
        raw = self.take(self.number("H", what), what)
        if not raw.endswith(b"\0"):
            raise self.refusal(f"{what} before byte {self.offset} is not a closed string")
        try:
            return raw[:-1].decode()
        except UnicodeDecodeError:
            raise self.refusal(f"{what} before byte {self.offset} is not text") from None

    def refusal(self, reason: str) -> BuildError:
        """The error for a file of another kind."""
        return BuildError(
            f"{self.path} is not a whole CTranslate2 model: {reason}; fetch it again, or join all its parts in order"
        )


def read_ctranslate2(path: Path) -> Ct2Model:
    """Read `path`; BuildError names the place at which a truncated or foreign file cannot be read."""
    cursor = _Cursor(path.read_bytes(), path)
    version = cursor.number("I", "the version")
    if version != BINARY_VERSION:
        raise cursor.refusal(f"its version is {version}, this reader knows {BINARY_VERSION}")
    specification = cursor.text("the specification's name")
    revision = cursor.number("I", "the revision")
    tensors: dict[str, npt.NDArray[Any]] = {}
    for _ in range(cursor.number("I", "the number of variables")):
        name = cursor.text("a variable's name")
        tensors[name] = _tensor(cursor, name)
    for _ in range(cursor.number("I", "the number of aliases")):
        alias, name = cursor.text("an alias"), cursor.text("an alias's target")
        if name not in tensors:
            raise cursor.refusal(f"alias {alias!r} stands for {name!r}, which is not there")
        tensors[alias] = tensors[name]
    if cursor.offset != len(cursor.content):
        raise cursor.refusal(f"{len(cursor.content) - cursor.offset} bytes follow after its end")
    return Ct2Model(specification, revision, tensors)


def _tensor(cursor: _Cursor, name: str) -> npt.NDArray[Any]:
    shape = [cursor.number("I", f"the shape of {name!r}") for _ in range(cursor.number("B", f"the rank of {name!r}"))]
    type_id = cursor.number("B", f"the type of {name!r}")
    if type_id >= len(_DTYPES):
        raise cursor.refusal(f"{name!r} has type {type_id}, which this reader does not know")
    dtype = np.dtype(_DTYPES[type_id]).newbyteorder("<")
    size = cursor.number("I", f"the size of {name!r}")
    if size != math.prod(shape) * dtype.itemsize:
        raise cursor.refusal(f"{name!r} has {size} bytes, its shape {shape} of {dtype.name} needs another number")
    return np.frombuffer(cursor.take(size, f"the values of {name!r}"), dtype).reshape(shape)
