"""Settings of a speech model's training: one YAML file in `configs/training/asr/`, checked here."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.settings_file import SettingsError, read_yaml

Range = tuple[float, float]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamingSettings(_Part):
    """The context of a streaming model, in frames of its output."""

    chunk_frames: int = Field(16, ge=1, description="frames that are computed at once")
    left_chunks: int = Field(4, ge=1, description="chunks before its own that a frame attends to")


class Model(_Part):
    """The size of the network; see `training.asr.model.ConformerConfig`."""

    hidden: int = Field(256, ge=8)
    layers: int = Field(12, ge=1)
    heads: int = Field(4, ge=1)
    feed_forward: int = Field(1024, ge=8)
    kernel: int = Field(9, ge=3)
    subsampling: Literal[2, 4, 8] = 4
    subsampling_channels: int = Field(64, ge=1)
    dropout: float = Field(0.1, ge=0, lt=1)
    streaming: StreamingSettings | None = Field(None, description="null: the whole utterance is needed")


class Noise(_Part):
    """Noise mixed into the audio."""

    files: Path | None = Field(None, description="list of noise files, one a line; null mixes white noise")
    signal_to_noise_db: Range = (5.0, 30.0)
    probability: float = Field(0.5, gt=0, le=1)


class SpecAugment(_Part):
    """Stripes of the spectrogram set to its mean (Park et al. 2019, "SpecAugment")."""

    band_stripes: int = Field(2, ge=0)
    band_width: int = Field(16, ge=1, description="widest stripe, in mel bands")
    time_stripes: int = Field(2, ge=0)
    time_share: float = Field(0.08, gt=0, le=1, description="widest stripe, as a share of the utterance")


class Augment(_Part):
    """The augmentation of each utterance in each epoch; null leaves it out."""

    speed: tuple[float, ...] | None = Field((0.9, 1.0, 1.1), description="one of these, pitch changes too")
    volume_db: Range | None = (-12.0, 6.0)
    noise: Noise | None = Noise()
    shift_ms: float | None = Field(100.0, gt=0, description="most silence put before, or sound cut off before it")
    spec: SpecAugment | None = SpecAugment()


class AsrTraining(_Part):
    """Optimization: AdamW with Noam's schedule (Vaswani et al. 2017, section 5.3)."""

    language: Literal["zh", "en"] | None = Field(None, description="of a Whisper's transcripts; it must be given there")
    units: Literal["characters", "words"] = "characters"
    epochs: int = Field(100, ge=1)
    frames_per_batch: int = Field(20_000, ge=100, description="10 ms frames a batch and process, padding included")
    longest_s: float = Field(20.0, gt=0, description="longer utterances are left out")
    learning_rate: float = Field(1e-3, gt=0, description="the highest, reached at the end of the warm-up")
    warmup_batches: int = Field(4_000, ge=1)
    weight_decay: float = Field(1e-2, ge=0)
    clip_norm: float = Field(5.0, gt=0)
    save_batches: int = Field(1_000, ge=1, description="the state is saved after so many batches, and each epoch")
    keep_epochs: int = Field(3, ge=1, description="models of so many latest epochs are kept")
    workers: int = Field(0, ge=0, description="processes that read sound ahead")
    sound_in_memory_s: float = Field(3_600.0, ge=0, description="decoded audio kept for all workers, 64 kB a second")
    seed: int = 0


class AsrSettings(_Part):
    """The whole file."""

    model: Model = Model()
    training: AsrTraining = AsrTraining()
    augment: Augment | None = Augment()


def read_settings(path: Path) -> AsrSettings:
    """Read and check a file; SettingsError names file, key and fault."""
    content = read_yaml(path)
    try:
        return AsrSettings.model_validate({} if content is None else content)
    except ValidationError as error:
        faults = [f"{path}: {'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors()]
        raise SettingsError("\n".join(faults)) from error
