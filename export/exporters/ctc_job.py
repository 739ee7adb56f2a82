"""The export job of any CTC model: one graph, its vocabulary, and the metric for its variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from edge.bundle.manifest import WeightSource
from edge.bundle.session import Session
from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.ctc import PREPROCESSING, CtcDescription, CtcVocabulary, GreedyCtc, features, open_acoustic_model
from edge.speech.log_mel import HOP_SAMPLES
from export.export_job import ExportJob, Feeds, GraphJob
from export.role_build import FreeAxis
from export.sample_speech import LEAST_S, MOST_S, USUAL_S, read_spoken, recognition_task, tone_sweep

_MEANINGS = {
    "audio": "sound at 16 kHz, by the front end that `preprocessing` names",
    "mel": "log-mel spectrogram every 10 ms, by the front end that `preprocessing` names",
    "log_probs": "log probability of every token of the vocabulary in each frame",
}
_GOLDEN_S = 1.0
_NO_SPEECH = "with speech: no list of recordings was given, so the golden input is a sweep of tones"


@dataclass(frozen=True, slots=True)
class CtcModel:
    """A model that was read and made traceable."""

    description: str
    graph: GraphJob
    """The graph of `log_probs` [1, frames, vocabulary]; `whole_sound` makes one."""
    feeds: Callable[[Float32], list[Feeds]]
    """The inputs of the graph for a recording, in their order."""
    hears: CtcDescription
    vocabulary: CtcVocabulary
    training_data: str = "not stated"
    not_checked: Sequence[str] = ()


def ctc_job(model: CtcModel, sources: list[WeightSource], options: Mapping[str, str], work: Path) -> ExportJob:
    """Describe how `model` is traced, fed and judged; writes its vocabulary into `work`."""
    vocabulary = work / "vocabulary.json"
    vocabulary.write_text(model.vocabulary.model_dump_json(), encoding="utf-8")
    calibration = [one.samples for one in read_spoken(options["calibration"])] if "calibration" in options else []
    spoken = read_spoken(options["evaluation"]) if "evaluation" in options else []
    real = [*calibration, *(one.samples for one in spoken)]
    golden = model.feeds(real[0] if real else tone_sweep(_GOLDEN_S))
    return ExportJob(
        role=options.get("role", "asr"),
        description=model.description,
        sources=sources,
        training_data=options.get("training_data", model.training_data),
        graphs={"model": model.graph},
        golden_inputs={"model": golden[len(golden) // 2]},
        calibration={"model": [feeds for samples in calibration for feeds in model.feeds(samples)]}
        if calibration
        else {},
        task=recognition_task(spoken, recognizer(model), options["evaluation"]) if spoken else None,
        tensor_meanings=_MEANINGS,
        preprocessing={PREPROCESSING: model.hears.model_dump()},
        not_checked=[*model.not_checked, *([] if real else [_NO_SPEECH])],
        tables={"vocabulary": vocabulary},
    )


def recognizer(model: CtcModel) -> Callable[[Mapping[str, Session]], Callable[[Float32], str]]:
    """The box's transcript of a recording with these sessions, without the hallucination filter."""

    def of(sessions: Mapping[str, Session]) -> Callable[[Float32], str]:
        listener = open_acoustic_model(sessions["model"], model.hears)

        def recognize(samples: Float32) -> str:
            decoder = GreedyCtc(model.vocabulary.blank, model.hears.frame_s)
            for log_probs in listener.listen(samples):
                decoder.read(log_probs)
            return model.vocabulary.text(decoder.hypothesis.tokens)

        return recognize

    return of


def whole_sound(
    module: torch.nn.Module, hears: CtcDescription, bands: int | None
) -> tuple[GraphJob, Callable[[Float32], list[Feeds]]]:
    """The graph of a module for a whole recording of any length, and its inputs.

    The module takes `mel` [1, frames, bands], or without bands `audio` [1, samples].
    """
    per_s = SAMPLE_RATE_HZ if bands is None else SAMPLE_RATE_HZ // HOP_SAMPLES
    name, axis = ("audio", "samples") if bands is None else ("mel", "frames")
    length = FreeAxis(axis, *(round(duration_s * per_s) for duration_s in (LEAST_S, USUAL_S, MOST_S)))

    def example(sizes: Mapping[str, int]) -> Mapping[str, torch.Tensor]:
        generator = torch.Generator().manual_seed(sizes[axis])
        shape = (1, sizes[axis]) if bands is None else (1, sizes[axis], bands)
        return {name: torch.randn(shape, generator=generator)}

    def feeds(samples: Float32) -> list[Feeds]:
        return [{name: features(samples, hears, bands or 1)[None]}]

    return GraphJob(module, example, ("log_probs",), {name: {1: length}}, "transformer"), feeds
