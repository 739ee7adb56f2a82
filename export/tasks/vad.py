"""Task metric of role `vad`: the share of decisions that differ from float32, with state and drift."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.bundle.session import Session
from edge.messages import Float32
from edge.speech.segmenter import WINDOW, VoiceActivity
from export.export_job import EvaluationTask
from export.tasks.variant_bundle import VariantBundle

_SPEECH = 0.5
"""Probability from which a window counts as speech here (Silero's own default)."""


def task(fp32: Path, sound: Float32, data: str, tolerance: float) -> EvaluationTask:
    """Share of the 32 ms windows of one stream with another decision."""
    wanted = _decisions({"model": Session(fp32)}, sound)

    def score(sessions: Mapping[str, Session]) -> float:
        return float(np.mean(_decisions(sessions, sound) != wanted))

    return EvaluationTask(
        "speech decisions that differ from float32's", "1", "lower", tolerance, score, len(wanted), data
    )


def _decisions(sessions: Mapping[str, Session], sound: Float32) -> npt.NDArray[np.bool_]:
    voice = VoiceActivity(VariantBundle(sessions))
    windows = sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)
    return np.array([voice.step(window) >= _SPEECH for window in windows])
