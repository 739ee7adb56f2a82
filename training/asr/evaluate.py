"""Evaluates a speech model on a set of utterances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from training.asr.batching import in_order
from training.asr.data import Utterances, loaded
from training.asr.manifest import LabelledUtterance, ManifestError, Skipped
from training.asr.metrics import ErrorRates, error_rates
from training.asr.model_adapters import Learner
from training.asr.sound_memory import SoundMemory
from training.processes import Place

Reader = Callable[[Tensor, Tensor], list[str]]


@dataclass(frozen=True, slots=True)
class RecognitionResult:
    """Error rates, and the transcripts in the order of the list."""

    rates: ErrorRates
    read: list[tuple[LabelledUtterance, str]]
    failed: list[Skipped]


def judge(
    learner: Learner,
    utterances: Sequence[LabelledUtterance],
    memory: SoundMemory,
    frames_per_batch: int,
    place: Place,
    reader: Reader | None = None,
    progress: Callable[[int], None] = lambda _read: None,
) -> RecognitionResult:
    """Read all utterances, shared among the processes; `reader` replaces the learner's own search.

    Raises: ManifestError: none of them could be read.
    """
    read = reader or learner.read
    data = Utterances(utterances, [[] for _ in utterances], learner.hear, memory)
    parts = in_order([learner.frames(utterance.duration_s) for utterance in utterances], frames_per_batch)[
        place.rank :: place.world
    ]
    transcripts: dict[int, str] = {}
    failed: list[Skipped] = []
    for batch in loaded(data, parts, workers=0):
        failed += batch.failed
        if batch.numbers:
            features, length, _, _ = batch.to(place.device)
            with place.autocast():
                texts = read(features, length)
            transcripts.update(zip(batch.numbers, texts, strict=True))
        progress(len(batch.numbers) + len(batch.failed))
    everything: dict[int, str] = {}
    for part in place.collected(transcripts):
        everything.update(part)
    failed = [item for part in place.collected(failed) for item in part]
    if not everything:
        raise ManifestError(f"not one of {len(utterances)} utterances can be read; the first fault: {failed[0]}")
    pairs = [(utterances[number], text) for number, text in sorted(everything.items())]
    return RecognitionResult(error_rates((utterance.text, text) for utterance, text in pairs), pairs, failed)
