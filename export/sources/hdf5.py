"""Reads a Keras network from HDF5 with Keras itself (torch backend) and readies it for export."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

os.environ.setdefault("KERAS_BACKEND", "torch")  # read once, when keras is imported
import keras


def load_keras(path: Path) -> keras.Model:
    """The network as its package runs it, without its training settings."""
    return keras.models.load_model(path, compile=False)


def fold_normalization(model: keras.Model) -> keras.Model:
    """The same function with each batch normalization put into the convolution before it: half the operations."""
    folded = keras.models.clone_model(model, clone_function=_without_normalization, call_function=_call)
    for layer in model.layers:
        if not isinstance(layer, keras.layers.BatchNormalization) and layer.weights:
            _set_kernels(folded.get_layer(layer.name), layer)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            convolution = layer.input._keras_history.operation
            _fold(layer, folded.get_layer(convolution.name))
    return folded


class Predict(nn.Module):
    """A Keras network as a torch module with one named input."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        """Run for inference."""
        result: Tensor = self.model(image, training=False)
        return result


def _without_normalization(layer: Any) -> Any:
    if isinstance(layer, keras.layers.BatchNormalization):
        return keras.layers.Identity(name=layer.name)
    settings = layer.get_config()
    if "use_bias" in settings:
        settings["use_bias"] = True
    return type(layer).from_config(settings)


def _call(layer: Any, *arguments: Any, **_: Any) -> Any:
    """Masks and training flags mean nothing to the layers that are left."""
    return layer(*arguments)


def _set_kernels(target: Any, source: Any) -> None:
    """Copy the weights; a bias that the source does not have is zero."""
    values = source.get_weights()
    missing = target.weights[len(values) :]
    target.set_weights([*values, *(np.zeros(weight.shape, np.float32) for weight in missing)])


def _fold(normalization: Any, convolution: Any) -> None:
    """Scale the last kernel, whose last axis counts outputs, and move the bias."""
    gamma, beta, mean, variance = normalization.get_weights()
    scale = gamma / np.sqrt(variance + normalization.epsilon)
    *others, kernel, bias = convolution.get_weights()
    convolution.set_weights([*others, kernel * scale, (bias - mean) * scale + beta])
