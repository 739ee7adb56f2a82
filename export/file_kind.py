"""Recognises a file that is not a checkpoint by its first bytes, and names the remedy."""

from __future__ import annotations

import zipfile
from pathlib import Path

_HEAD_BYTES = 64
_BY_START = {
    b"version https://git-lfs": "a pointer of Git LFS, not the weights: run `git lfs pull` where it came from",
    b"GGUF": "a GGUF file for llama.cpp, whose weights are quantized: export from the checkpoint that it was made of",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file of Keras: load it there and save the weights as safetensors",
    b"<!DOCTYPE": "a web page, not the file behind it: download it again, from its raw address",
    b"<html": "a web page, not the file behind it: download it again, from its raw address",
}
_TFLITE = b"TFL3"
"""At byte 4 of a TFLite file (its FlatBuffers identifier)."""
_ONNX_START = (b"\x08", b"\x12")
"""`ir_version`, one byte, then `producer_name`: the first bytes of an ONNX ModelProto as exporters write it."""


def other_kind(path: Path) -> str | None:
    """The kind of `path` and the remedy, as the end of a sentence that starts with its name; None if it may be read."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    kind = next((text for start, text in _BY_START.items() if head.startswith(start)), None)
    if kind is not None:
        return kind
    if head[4:8] == _TFLITE:
        return "a TFLite file: export from the model that it was converted from"
    if head[:1] == _ONNX_START[0] and head[2:3] == _ONNX_START[1]:
        return "an ONNX graph already, not a checkpoint: emvas export onnx takes it"
    if zipfile.is_zipfile(path):
        return _of_zip(path)
    return None


def _of_zip(path: Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        names = [name.split("/", 1)[-1] for name in archive.namelist()]
    if "constants.pkl" in names and any(name.startswith("code/") for name in names):
        return (
            "a TorchScript program, which holds code: load it by torch.jit.load where you trust it and save its "
            "state_dict()"
        )
    if "model.weights.h5" in names:
        return "a Keras archive: load it there and save the weights as safetensors"
    return None
