"""Reads a list of `path<TAB>text` lines into utterances with their lengths; unusable lines are reported and left
out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.capture import CaptureError
from edge.capture.media import MediaFile
from edge.error import EmvasError
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32, Source


class ManifestError(EmvasError):
    """The list cannot be used."""


class SoundError(EmvasError):
    """The audio file cannot be used; the message gives the reason, without the path."""


@dataclass(frozen=True, slots=True)
class LabelledUtterance:
    """An audio file and its transcript."""

    path: Path
    text: str
    where: str
    """`LIST:LINE`, for messages."""
    duration_s: float


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that is not used, with the reason."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class UtteranceList:
    """The utterances of one list."""

    utterances: list[LabelledUtterance]
    skipped: list[Skipped]


def read_list(
    path: Path, longest_s: float = float("inf"), progress: Callable[[int, int], None] = lambda _done, _all: None
) -> UtteranceList:
    """Read a list; relative paths are relative to its folder.

    Raises:
        ManifestError: the list cannot be read, or none of its lines can be used.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read: {error}; expected lines of PATH<TAB>TEXT in UTF-8") from error
    utterances: list[LabelledUtterance] = []
    skipped: list[Skipped] = []
    for number, line in enumerate(lines, start=1):
        progress(number, len(lines))
        if not line.strip():
            continue
        item = _read_line(line, f"{path}:{number}", path.parent, longest_s)
        (utterances if isinstance(item, LabelledUtterance) else skipped).append(item)  # type: ignore[arg-type]
    if not utterances:
        first = f"; the first fault: {skipped[0]}" if skipped else ""
        raise ManifestError(f"{path}: no utterance can be used; expected lines of PATH<TAB>TEXT{first}")
    return UtteranceList(utterances, skipped)


def _read_line(line: str, where: str, folder: Path, longest_s: float) -> LabelledUtterance | Skipped:
    name, tab, text = line.partition("\t")
    transcript = normalise(text)
    if not tab or not name.strip():
        return Skipped(where, "is not PATH<TAB>TEXT")
    if not transcript:
        return Skipped(where, f"{name} has no text")
    path = folder / name.strip()
    if not path.is_file():
        return Skipped(where, f"{path} does not exist")
    try:
        duration_s = MediaFile(path).duration_s or len(read_sound(path)) / SAMPLE_RATE_HZ
    except (CaptureError, SoundError) as error:
        return Skipped(where, f"{path}: {_without(str(error), path)}")
    if duration_s > longest_s:
        return Skipped(where, f"{path} lasts {duration_s:.1f} s, more than training.longest_s = {longest_s:g}")
    return LabelledUtterance(path, transcript, where, duration_s)


def normalise(text: str) -> str:
    """The text for training and evaluation: NFKC, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def read_sound(path: Path) -> Float32:
    """The whole audio, mono at 16 kHz.

    Raises: SoundError: it is missing, damaged, empty, or holds NaN.
    """
    pieces: list[Float32] = []
    try:
        for item in MediaFile(path).read():
            if isinstance(item, Audio):
                pieces.append(item.samples)
            elif isinstance(item, Source) and item.source in {"file", "microphone"}:
                raise SoundError(item.detail)
    except CaptureError as error:
        raise SoundError(_without(str(error), path)) from error
    samples = np.concatenate(pieces)
    if not np.isfinite(samples).all():
        raise SoundError("holds samples that are no numbers")
    return samples


def write_skipped(skipped: Iterable[Skipped], path: Path) -> None:
    """Write one line for each, atomically."""
    part = path.with_name(f".{path.name}.part")
    part.write_text("".join(f"{item}\n" for item in skipped), encoding="utf-8")
    part.replace(path)


def _without(message: str, path: Path) -> str:
    return message.removeprefix(f"{path}: ")
