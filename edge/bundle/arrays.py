"""Arrays from files that may come from anywhere: what a header claims is compared with what is there before any memory
is taken for it, and no pickle is ever opened.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from edge.bundle.manifest import BundleError

LARGEST_BYTES = 1 << 30
"""Of all the arrays of one file together; the default bundle's largest golden file unpacks to 25 MB."""
_MOST_ARRAYS = 1000
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}

Array = npt.NDArray[Any]


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of an .npz by name. BundleError: it is none, or claims more than it holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MOST_ARRAYS or sum(member.file_size for member in members) > LARGEST_BYTES:
                raise BundleError(f"{path} unpacks to more than any golden file: not taken")
            found = {}
            for member in members:
                with archive.open(member) as stream:
                    found[member.filename.removesuffix(".npy")] = _read(stream, member.file_size)
            return found
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise BundleError(f"{path} is no file of arrays: {error}; build or install the bundle again") from error


def map_array(path: Path) -> Array:
    """The array of an .npy, mapped read-only. BundleError: it is none, or claims more than it holds."""
    try:
        mapped: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BundleError(f"{path} is no array: {error}; build or install the bundle again") from error
    return mapped


def _read(stream: IO[bytes], length: int) -> Array:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format is not known")
    shape, fortran, dtype = _HEADERS[version](stream)
    if dtype.hasobject:
        raise ValueError("it holds objects of Python")
    claimed, there = math.prod(shape) * dtype.itemsize, length - stream.tell()
    if claimed != there:
        raise ValueError(f"the header claims {claimed} bytes, there are {there}")
    content = np.frombuffer(stream.read(claimed), dtype)
    return content.reshape(shape, order="F" if fortran else "C")
