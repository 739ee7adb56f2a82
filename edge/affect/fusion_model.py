"""A trained fusion: what the bundle's role `fusion` says of an utterance, instead of the late-fusion mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.affect.columns import TABLES, description
from edge.affect.features import UtteranceFeatures, expect_hidden
from edge.affect.fusion import MODALITIES, Evidence, Fused, combination
from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError
from edge.messages import Float32

ROLE = "fusion"
_LEAST_ROWS = 2
"""Shorter sequences are padded: a graph traced with a free length is not traced for length 1."""


class FusionModel:
    """Features of one utterance in, its score out; without memory."""

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleError when the model was trained on other features than this program and this bundle compute."""
        told = bundle.role(ROLE).preprocessing
        _expect_same(told.get("features"), bundle)
        expect_hidden(bundle)
        self._correlation: Mapping[str, float] = told.get("correlation", {})
        self._session = bundle.session(ROLE)
        for name in MODALITIES:
            width = TABLES[name].width
            wanted = self._session.input_shapes.get(name, ["nothing"])[-1]
            if wanted != width:
                raise BundleError(
                    f"bundle {bundle.folder}: role {ROLE} wants {wanted} columns of {name}, this program computes "
                    f"{width}: train the model on features of this version (emvas features)"
                )

    def fuse(self, features: UtteranceFeatures, alone: Mapping[str, Evidence | None]) -> Fused | None:
        """The score of an utterance; None when no modality is there.

        A model that says nothing of single modalities leaves that to `alone`, what each of them says by itself.
        `confidence` is the correlation with people's labels that was measured for this model with these modalities on
        data it was not trained on, and 0 where the bundle states none.
        """
        sequences = {name: getattr(features, name) for name in MODALITIES}
        present = [name for name in MODALITIES if sequences[name] is not None]
        if not present:
            return None
        result = self._session.run(self._feeds(sequences))
        modalities: dict[str, float | None] = dict.fromkeys(MODALITIES)
        for name in present:
            own, evidence = result.get(f"{name}_score"), alone.get(name)
            if own is not None:
                modalities[name] = _within(float(own[0]))
            elif evidence is not None:
                modalities[name] = evidence.score
        confidence = float(self._correlation.get(combination(present), 0.0))
        return Fused(_within(float(result["score"][0])), min(max(confidence, 0.0), 1.0), modalities)

    def _feeds(self, sequences: Mapping[str, Float32 | None]) -> dict[str, npt.NDArray[Any]]:
        feeds: dict[str, npt.NDArray[Any]] = {}
        for name in MODALITIES:
            rows = sequences[name]
            length = 0 if rows is None else len(rows)
            fixed = self._session.input_shapes[name][1]
            size = fixed if isinstance(fixed, int) else max(length, _LEAST_ROWS)
            length = min(length, size)
            padded = np.zeros((1, size, TABLES[name].width), np.float32)
            if rows is not None:
                padded[0, :length] = rows[:length]
            feeds[name] = padded
            feeds[f"{name}_length"] = np.array([max(length, 1)], np.int64)
        feeds["presence"] = np.array([[sequences[name] is not None for name in MODALITIES]], np.float32)
        return {name: feeds[name] for name in self._session.input_names}


def _expect_same(told: object, bundle: Bundle) -> None:
    ours = description()
    theirs = told if isinstance(told, Mapping) else {}
    if theirs.get("digest") == ours["digest"]:
        return
    kind = f"version {theirs['version']} ({theirs.get('digest')})" if "version" in theirs else "another kind"
    raise BundleError(
        f"bundle {bundle.folder}: role {ROLE} was trained on features of {kind}, this program computes version "
        f"{ours['version']} ({ours['digest']}): compute them again (emvas features), train and export the model anew"
    )


def _within(score: float) -> float:
    """-1..1; what is no number is nothing that may be told."""
    if not np.isfinite(score):
        raise ValueError(f"the fusion model gave the score {score}")
    return min(max(score, -1.0), 1.0)
