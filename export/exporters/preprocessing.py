"""The preprocessing of a Hugging Face image classifier, measured on its own image processor.

The processor is measured, its file is not read. `do_rescale`, `rescale_factor`, `include_top`, mean and deviation
together are one scale and one offset per channel; other processing is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

from export.role_build import Array, BuildError

_FILE = "preprocessor_config.json"
_FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
"""PIL's numbers of the filters, as in the file."""
_SIDE_PX = 96
"""Grey levels of the flat images by which the values are measured."""
_GREYS = (0, 128, 255)
_LARGEST_DIFFERENCE = 1e-3
"""Tolerance of a normalized value; two roundings of a pixel to 8 bits are .004 of its range."""
_LEVIT_SHARE = 224 / 256
"""The crop of LeViT's processor, which its file does not mention."""
_REFUSED = ("do_pad", "do_flip_channel_order", "do_convert_grayscale", "do_thumbnail", "do_align_long_axis")
"""Steps that change which pixel lies where, or its colour."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The steps from an image to the input of a net."""

    px: int
    """Side of the net's input."""
    resized_px: int
    """Side of the resized image before its middle is cut out."""
    keeps_shape: bool
    """Whether the shorter side becomes `resized_px` long and the longer one in proportion; else both become so long."""
    resize: str
    """Filter, by PIL's name."""
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    """By channel: value = scale * pixel + offset, a pixel being 0 to 1."""

    def prepare(self, picture: Array) -> Array:
        """A picture (height, width, 3), RGB 0..255, as (1, 3, px, px), 0..1."""
        image, (height, width) = Image.fromarray(picture), picture.shape[:2]
        resample = Image.Resampling[self.resize.upper()]
        shorter = min(height, width)
        size = [self.resized_px * (side if self.keeps_shape else shorter) // shorter for side in (width, height)]
        pixels = np.asarray(image.resize((size[0], size[1]), resample))
        top, left = ((side - self.px) // 2 for side in pixels.shape[:2])
        pixels = pixels[top : top + self.px, left : left + self.px]
        return (pixels.astype(np.float32) / np.float32(255)).transpose(2, 0, 1)[None]

    def normalize(self, prepared: Array) -> Array:
        """The input of the net's first layer, from the result of `prepare`."""
        columns = [np.array(values, np.float32).reshape(1, 3, 1, 1) for values in (self.scale, self.offset)]
        return prepared * columns[0] + columns[1]

    def described(self) -> dict[str, Any]:
        """The description for the manifest."""
        lists = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {**lists, "colour": "rgb", "range": [0.0, 1.0]}


def read_preprocessing(folder: Path) -> Preprocessing:
    """Measure the image processor of `folder`.

    Raises:
        BuildError: it is missing, or it does more than resizing, filtering, scaling and shifting.
    """
    path = folder / _FILE
    if not path.is_file():
        raise BuildError(
            f"{folder} has no {_FILE}: size, mean and deviation of its pictures stand there; save the image processor "
            "beside the model (processor.save_pretrained)"
        )
    processor = _processor(folder)
    if refused := [key for key in _REFUSED if getattr(processor, key, None)]:
        raise BuildError(
            f"{path}: {', '.join(refused)} is not done on the box: train without it, or export the net as ONNX with "
            "that step inside (emvas export onnx)"
        )

    def values(picture: Array) -> Array:
        return np.asarray(processor(images=Image.fromarray(picture), return_tensors="np")["pixel_values"])

    try:
        return _measured(processor, values, path)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BuildError(f"{path} cannot be followed: {error}") from error


def _processor(folder: Path) -> Any:
    """In PIL's arithmetic, which most nets were trained with and which every machine has."""
    from transformers import AutoImageProcessor

    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        return AutoImageProcessor.from_pretrained(str(folder), local_files_only=True, backend="pil")
    except Exception as error:  # transformers raises many classes for a damaged file
        raise BuildError(f"{folder / _FILE} cannot be loaded: {next(iter(str(error).splitlines()), error)}") from error


def _measured(processor: Any, values: Callable[[Array], Array], path: Path) -> Preprocessing:
    shapes = {values(np.zeros((_SIDE_PX, width, 3), np.uint8)).shape for width in (_SIDE_PX, 2 * _SIDE_PX)}
    if len(shapes) != 1 or len(next(iter(shapes))) != 4 or len(set(next(iter(shapes))[2:])) != 1:
        raise BuildError(f"{path} gives pictures of the sizes {sorted(shapes)}: one square size is wanted (`size`)")
    scale, offset = _straight(values, path)
    px, resize = next(iter(shapes))[3], _FILTERS[int(processor.resample)]
    tried = (
        Preprocessing(px, side, keeps, resize, scale, offset)
        for side in _sides(processor, px)
        for keeps in (False, True)
    )
    photographs = [(picture, values(picture)) for picture in (data.astronaut(), data.coffee(), data.chelsea())]
    found = next((one for one in tried if all(_agrees(one, *pair) for pair in photographs)), None)
    if found is None:
        raise BuildError(
            f"{path}: photographs come out otherwise than by any resizing and cutting that is known here; export the "
            "net as ONNX with its own resizing inside (emvas export onnx)"
        )
    return found


def _straight(values: Callable[[Array], Array], path: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Scale and offset of each channel, from flat images; None if the relation is not linear."""
    flat = [values(np.full((_SIDE_PX, _SIDE_PX, 3), grey, np.uint8))[0].mean(axis=(1, 2)) for grey in _GREYS]
    offset, scale = flat[0], flat[2] - flat[0]
    red = values(np.full((_SIDE_PX, _SIDE_PX, 3), (255, 0, 0), np.uint8))[0].mean(axis=(1, 2))
    wanted = offset + scale * np.array([1, 0, 0])
    bent = np.abs(flat[1] - (offset + scale * _GREYS[1] / _GREYS[2])).max() > _LARGEST_DIFFERENCE * np.abs(scale).max()
    if len(scale) != 3 or bent or np.abs(red - wanted).max() > _LARGEST_DIFFERENCE * np.abs(scale).max():
        raise BuildError(f"{path}: a value is no scale and offset of its own pixel and channel, which is wanted here")
    return tuple(float(value) for value in scale), tuple(float(value) for value in offset)


def _sides(processor: Any, px: int) -> list[int]:
    """Sides to which the processor may resize an image, from its settings and the habits of its family."""
    named = [getattr(processor.size, key, None) for key in ("shortest_edge", "height")]
    sides = [px, *(int(side) for side in named if side)]
    shares = [share for share in (getattr(processor, "crop_pct", None), _LEVIT_SHARE) if share]
    return list(dict.fromkeys([*sides, *(int(side / share) for side in sides for share in shares)]))


def _agrees(one: Preprocessing, picture: Array, wanted: Array) -> bool:
    ours = one.normalize(one.prepare(picture))
    return ours.shape == wanted.shape and bool(np.abs(ours - wanted).max() <= _LARGEST_DIFFERENCE * max(one.scale))
