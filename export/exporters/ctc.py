"""Hugging Face's CTC checkpoints: Wav2Vec2ForCTC, Wav2Vec2ConformerForCTC and ParakeetForCTC."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from transformers import (
    ParakeetFeatureExtractor,
    ParakeetForCTC,
    PreTrainedConfig,
    PreTrainedModel,
    Wav2Vec2ConformerForCTC,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
)

from edge.messages import SAMPLE_RATE_HZ
from edge.speech import log_mel
from edge.speech.ctc import CtcDescription
from edge.speech.log_mel import HOP_SAMPLES
from export.checkpoint import folder_config, load_folder, sources_of
from export.export_job import ExportJob
from export.exporters.ctc_job import CtcModel, ctc_job, whole_sound
from export.graphs.ctc import MelCtc, SamplesCtc
from export.role_build import BuildError
from export.sample_speech import LEAST_S
from export.sources.ctc_vocabulary import parakeet_vocabulary, wav2vec2_vocabulary

_ARCHITECTURES: dict[str, type[PreTrainedModel]] = {
    "wav2vec2": Wav2Vec2ForCTC,
    "wav2vec2-conformer": Wav2Vec2ConformerForCTC,
    "parakeet_ctc": ParakeetForCTC,
}
"""By `model_type` of config.json."""
_NEMO = {
    "hop_length": HOP_SAMPLES,
    "n_fft": log_mel.NEMO_FFT_SAMPLES,
    "win_length": log_mel.NEMO_WINDOW_SAMPLES,
    "preemphasis": log_mel.PREEMPHASIS,
}
"""The settings of Parakeet's feature extractor with which the box's front end is the same."""
_TRAINING_ONLY = ("wav2vec2.masked_spec_embed", "wav2vec2_conformer.masked_spec_embed")


def build(checkpoint: Path, options: Mapping[str, str], work: Path) -> ExportJob:
    """Load the folder `checkpoint` and describe how it is traced, fed and judged.

    The options `calibration` and `evaluation` are lists of `path<TAB>text`.
    """
    kind = folder_config(checkpoint).get("model_type")
    if kind not in _ARCHITECTURES:
        raise BuildError(
            f"{checkpoint / 'config.json'} describes a {kind!r}; this exporter reads {', '.join(_ARCHITECTURES)}"
        )
    loaded: PreTrainedModel = load_folder(_ARCHITECTURES[kind], checkpoint, _TRAINING_ONLY)
    model = _parakeet(checkpoint, loaded) if kind == "parakeet_ctc" else _wav2vec2(checkpoint, loaded)
    return ctc_job(model, sources_of(checkpoint, options.get("licence", "not stated")), options, work)


def _wav2vec2(checkpoint: Path, model: PreTrainedModel) -> CtcModel:
    extractor = _extractor(checkpoint, Wav2Vec2FeatureExtractor)
    config = model.config
    stride = config.inputs_to_logits_ratio
    if config.add_adapter:
        stride *= config.adapter_stride**config.num_adapter_layers
    features = "normalised_samples" if extractor.do_normalize else "samples"
    vocabulary = wav2vec2_vocabulary(checkpoint, config.vocab_size, _blank(checkpoint, config))
    description = CtcDescription(features=features, frame_s=stride / SAMPLE_RATE_HZ, least_s=LEAST_S)
    graph, feeds = whole_sound(SamplesCtc(model), description, bands=None)
    return CtcModel(f"{type(model).__name__}: speech to text", graph, feeds, description, vocabulary)


def _parakeet(checkpoint: Path, model: PreTrainedModel) -> CtcModel:
    extractor = _extractor(checkpoint, ParakeetFeatureExtractor)
    config = model.config.encoder_config
    for name, wanted in _NEMO.items():
        if getattr(extractor, name) != wanted:
            raise BuildError(
                f"{checkpoint} hears with {name} {getattr(extractor, name)}, the appliance's front end with {wanted}: "
                "such a model cannot be run"
            )
    vocabulary = parakeet_vocabulary(checkpoint, model.config.vocab_size, _blank(checkpoint, model.config))
    frame_s = config.subsampling_factor * HOP_SAMPLES / SAMPLE_RATE_HZ
    description = CtcDescription(features="nemo_mel", frame_s=frame_s, least_s=LEAST_S)
    graph, feeds = whole_sound(MelCtc(model), description, config.num_mel_bins)
    return CtcModel("Parakeet-CTC: speech to text", graph, feeds, description, vocabulary)


def _extractor(
    checkpoint: Path, kind: type[Wav2Vec2FeatureExtractor] | type[ParakeetFeatureExtractor]
) -> Wav2Vec2FeatureExtractor | ParakeetFeatureExtractor:
    try:
        extractor = kind.from_pretrained(checkpoint, local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        raise BuildError(f"{checkpoint} has no readable preprocessor_config.json: {error}") from error
    if extractor.sampling_rate != SAMPLE_RATE_HZ:
        raise BuildError(f"{checkpoint} hears {extractor.sampling_rate} Hz; the appliance hears {SAMPLE_RATE_HZ} Hz")
    return extractor


def _blank(checkpoint: Path, config: PreTrainedConfig) -> int:
    if config.pad_token_id is None:
        raise BuildError(f"{checkpoint / 'config.json'} names no pad_token_id, which is the blank of a CTC model")
    return int(config.pad_token_id)
