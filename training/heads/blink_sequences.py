"""Reads the blink sequences of UTA-RLDD: three folds of different people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.error import EmvasError
from edge.fatigue.drowsiness import MEASURES, SEQUENCE

FOLDS = (1, 2, 3)
ALERT, LOW_VIGILANCE, DROWSY = 0, 5, 10
"""The labels: the self-reports of the filmed people."""

Floats = npt.NDArray[np.float64]


class DataError(EmvasError):
    """The data set cannot be used; the message names the file and the fault."""


@dataclass(frozen=True, slots=True)
class Fold:
    """The sequences (n, 30, 4) and labels (n,) of one fold's people."""

    number: int
    sequences: Floats
    labels: npt.NDArray[np.int64]


def read_folds(folder: Path) -> list[Fold]:
    """Read all folds from `folder`.

    Raises:
        DataError: a file is missing or damaged, has another shape, or holds a value that is not finite.
    """
    return [_read(folder, number) for number in FOLDS]


def _read(folder: Path, number: int) -> Fold:
    sequences = _array(folder / f"BlinksTest_{SEQUENCE}_Fold{number}.npy")
    labels = _array(folder / f"LabelsTest_{SEQUENCE}_Fold{number}.npy").ravel()
    name = f"{folder}, fold {number}"
    if sequences.ndim != 3 or sequences.shape[1:] != (SEQUENCE, len(MEASURES)):
        wanted = f"(n, {SEQUENCE}, {len(MEASURES)}): {', '.join(MEASURES)}"
        raise DataError(f"{name}: sequences have shape {sequences.shape}, expected {wanted}")
    if len(labels) != len(sequences) or not len(labels):
        raise DataError(f"{name}: {len(sequences)} sequences but {len(labels)} labels")
    if not np.isfinite(sequences).all():
        row = int(np.argwhere(~np.isfinite(sequences))[0][0])
        raise DataError(f"{name}: sequence {row} holds a value that is no number; remove that row and its label")
    if unknown := set(labels.tolist()) - {ALERT, LOW_VIGILANCE, DROWSY}:
        raise DataError(f"{name}: labels {sorted(unknown)} are none of {ALERT}, {LOW_VIGILANCE}, {DROWSY}")
    return Fold(number, sequences.astype(np.float64), labels.astype(np.int64))


def _array(path: Path) -> Floats:
    try:
        array: Floats = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; the folder of UTA-RLDD's blink arrays is needed") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a NumPy array: {error}") from error
    return array
