"""Real speech for parity, golden inputs and evaluation: recordings, their transcripts, and error rates."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np

from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.decoding import simplify
from export.export_job import EvaluationTask
from export.gate.paired import LEAST_UTTERANCES, ErrorCounts
from export.role_build import BuildError
from training.asr.metrics import error_rates

LEAST_S, USUAL_S, MOST_S = 0.5, 5.0, 30.0
"""Lengths of an utterance for which a speech graph is made: the segmenter cuts at 28 s, shorter ones are lengthened."""
TOLERANCE = 0.01
"""Largest loss of a smaller or faster variant: one wrong character in a hundred more than with float32."""


def read_speech(path: Path, seconds: float) -> Float32:
    """The first `seconds` of an audio file, mono, at `SAMPLE_RATE_HZ`."""
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    with av.open(str(path)) as sound:
        frames = [part for frame in sound.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames]).astype(np.float32)
    return samples[: round(seconds * SAMPLE_RATE_HZ)]


@dataclass(frozen=True, slots=True)
class SpokenSample:
    """One recording and its transcript."""

    samples: Float32
    text: str


def tone_sweep(duration_s: float) -> Float32:
    """Tones from 100 Hz to 4 kHz: audio for a graph without speech recordings."""
    time_s = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    rise = np.log(40.0) / duration_s
    return (0.1 * np.sin(2 * np.pi * 100.0 * np.expm1(rise * time_s) / rise)).astype(np.float32)


def read_spoken(list_path: str) -> list[SpokenSample]:
    """Read a list and every recording in it; paths are relative to the list's folder.

    Raises:
        BuildError: the list has no row, or a row has no text or names a file without readable audio.
    """
    path = Path(list_path)
    try:
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"{path} cannot be read as a list of path<TAB>text: {error}") from error
    if not rows:
        raise BuildError(f"{path} lists no recording: write one `path<TAB>text` a line")
    return [_spoken(path, number, row) for number, row in enumerate(rows, start=1)]


def described(spoken: Sequence[SpokenSample]) -> str:
    """How many recordings have a Chinese text and how many another one."""
    chinese = sum(any("\u4e00" <= letter <= "\u9fff" for letter in one.text) for one in spoken)
    return f"{len(spoken)} recordings with their texts ({chinese} Chinese, {len(spoken) - chinese} others)"


def _spoken(path: Path, number: int, row: list[str]) -> SpokenSample:
    where = f"{path}, row {number}"
    if len(row) < 2 or not row[1].strip():
        raise BuildError(f"{where}: {row[0]!r} has no text; write `path<TAB>text`")
    try:
        samples = read_speech(path.parent / row[0], MOST_S)
    except (OSError, av.error.FFmpegError, IndexError, ValueError) as error:
        raise BuildError(f"{where}: {path.parent / row[0]} holds no sound that can be read: {error}") from error
    return SpokenSample(samples, row[1].strip())


def recognition_task(
    spoken: Sequence[SpokenSample],
    recognizer: Callable[[Mapping[str, Session]], Callable[[Float32], str]],
    data: str,
    tolerance: float = TOLERANCE,
) -> EvaluationTask:
    """The character error rate of the recognizer that `recognizer` makes of a variant's sessions."""

    def score(sessions: Mapping[str, Session]) -> ErrorCounts:
        recognize = recognizer(sessions)
        return character_errors((one.text, recognize(one.samples)) for one in spoken)

    return EvaluationTask(
        "character error rate", "1", "lower", tolerance, score, len(spoken), data, least_samples=LEAST_UTTERANCES
    )


def character_errors(pairs: Iterable[tuple[str, str]]) -> ErrorCounts:
    """Wrong characters of each (said, heard) pair; width, case, script and punctuation do not count.

    Raises:
        BuildError: a reference holds neither letter nor digit.
    """
    edits, lengths = [], []
    for reference, hypothesis in pairs:
        try:
            rates = error_rates([(_counted(reference), _counted(hypothesis))])
        except ValueError as error:
            raise BuildError(
                f"the text {reference!r} holds neither letter nor digit: nothing can be compared"
            ) from error
        edits.append(rates.character_edits)
        lengths.append(rates.characters)
    return ErrorCounts(edits, lengths)


def _counted(text: str) -> str:
    plain = simplify(unicodedata.normalize("NFKC", text)).lower()
    return "".join(character for character in plain if character.isalnum())
