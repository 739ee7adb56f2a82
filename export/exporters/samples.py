"""Real samples for calibration and evaluation, from an .npz file whose arrays carry the samples along axis 0."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from export.export_job import EvaluationTask, Feeds
from export.role_build import Array, BuildError

NUMBERS, STRINGS = "fiu", "U"
"""Kinds of numpy's types that an array of samples may have."""


def read_samples(path: Path, wanted: Mapping[str, str]) -> dict[str, Array]:
    """The arrays of `path`: those of `wanted`, of its kind and all of one length, and all others.

    Raises: BuildError: the file is not readable or empty, or an array is missing, of another kind or length, or holds
    NaN.
    """
    try:
        stored = np.load(path, allow_pickle=False)
        if not isinstance(stored, np.lib.npyio.NpzFile):
            raise BuildError(f"{path} is one array; write it with numpy.savez, {', '.join(wanted)} by name")
        with stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise BuildError(
            f"{path} cannot be read as .npz: {error}; write it with numpy.savez, without objects"
        ) from error
    if missing := [name for name in wanted if name not in arrays]:
        raise BuildError(f"{path} lacks {', '.join(missing)}; it has {', '.join(arrays) or 'nothing'}")
    counts = {name: len(arrays[name]) if arrays[name].ndim else 0 for name in wanted}
    if not any(counts.values()):
        raise BuildError(f"{path} holds no sample: give a file with real inputs")
    if len(set(counts.values())) > 1:
        raise BuildError(f"{path}: the arrays differ in their number of samples: {counts}")
    for name, kinds in wanted.items():
        if arrays[name].dtype.kind not in kinds:
            needed = "strings" if kinds == STRINGS else "numbers"
            raise BuildError(f"{path}: `{name}` holds {arrays[name].dtype}, {needed} are wanted")
        if arrays[name].dtype.kind == "f" and not np.isfinite(arrays[name]).all():
            row = int(np.argwhere(~np.isfinite(arrays[name]))[0][0])
            raise BuildError(f"{path}: {name} holds NaN or infinite values in sample {row}: extract it again")
    return arrays


def expect_apart(calibration: Path, evaluation: Path) -> None:
    """Refuse samples that stand in both files: int8 would be judged by what its ranges were taken from.

    Raises: BuildError: a sample is in both; it names the first. Of a file that cannot be read its reader says so.
    """
    seen, judged = set(_digests(calibration)), _digests(evaluation)
    if both := [number for number, digest in enumerate(judged) if digest in seen]:
        raise BuildError(
            f"{evaluation} shares {len(both)} of its {len(judged)} samples with {calibration}, the first is number "
            f"{both[0] + 1}: judge the variants by samples that no range was taken from"
        )


def _digests(path: Path) -> list[bytes]:
    """One of each sample, without its label: of the arrays' rows, or of the recording in a line."""
    try:
        if path.suffix != ".npz":
            lines = path.read_text(encoding="utf-8").splitlines()
            rows = [str((path.parent / line.split("\t")[0]).resolve()).encode() for line in lines if line.strip()]
            return [hashlib.sha256(row).digest() for row in rows]
        with np.load(path, allow_pickle=False) as stored:
            arrays = [stored[name] for name in sorted(stored.files) if name != "label" and stored[name].ndim]
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, AttributeError, TypeError):
        return []
    arrays = [array.astype(np.float32) if array.dtype.kind == "f" else array for array in arrays]
    count = min((len(array) for array in arrays), default=0)
    return [hashlib.sha256(b"".join(array[row].tobytes() for array in arrays)).digest() for row in range(count)]


def agreement_task(
    graph: str, output: str, samples: Sequence[Feeds], wanted: Sequence[Array], data: str
) -> EvaluationTask:
    """For an encoder without labels: the angle between its vectors and those of torch."""

    def score(sessions: Mapping[str, object]) -> float:
        session = sessions[graph]
        distances = [
            _cosine_distance(session.run(feeds, [output])[output], expected)  # type: ignore[attr-defined]
            for feeds, expected in zip(samples, wanted, strict=True)
        ]
        return float(np.mean(distances))

    return EvaluationTask(
        name="mean cosine distance of the vectors from torch",
        unit="cosine distance",
        better="lower",
        tolerance=0.01,
        score=score,
        samples=len(samples),
        data=data,
    )


def _cosine_distance(found: Array, wanted: Array) -> float:
    product = float(np.vdot(found, wanted))
    return 1.0 - product / max(float(np.linalg.norm(found) * np.linalg.norm(wanted)), 1e-12)
