"""Fine-tuning of a Hugging Face Whisper folder on the appliance's own log-mel, saved as a Hugging Face folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase, WhisperForConditionalGeneration

from edge.messages import SAMPLE_RATE_HZ, Float32
from edge.speech.log_mel import HOP_SAMPLES, MEL_BANDS, log_mel
from training.asr.checkpoint import AsrCheckpointError
from training.asr.data import PADDING
from training.asr.vocabulary import UnknownUnitError

_WINDOW_S = 30.0
"""Input of Whisper's encoder (Radford et al. 2022)."""
_CARD = "emvas.json"


class WhisperLoss(nn.Module):
    """The model and the loss of its utterances in one."""

    def __init__(self, model: WhisperForConditionalGeneration) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor, _length: Tensor, tokens: Tensor, token_length: Tensor) -> Tensor:
        """Cross entropy per token [n] of the tokens after the first, each read with those before it."""
        before, after = tokens[:, :-1], tokens[:, 1:]
        start = self.model.config.decoder_start_token_id
        read = before.masked_fill(before == PADDING, start)
        logits = self.model(input_features=features.transpose(1, 2), decoder_input_ids=read).logits
        losses = functional.cross_entropy(logits.float().transpose(1, 2), after, ignore_index=PADDING, reduction="none")
        return losses.sum(1) / (token_length - 1).clamp(min=1)


class WhisperLearner:
    """A pretrained Whisper that transcribes one language."""

    suffix = ""

    def __init__(
        self, model: WhisperForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, language: str
    ) -> None:
        self.module = WhisperLoss(model)
        self.tokenizer = tokenizer
        self._task = {"language": language, "task": "transcribe"}
        tokenizer.set_prefix_tokens(**self._task, predict_timestamps=False)
        _complete(model.generation_config, tokenizer)

    @classmethod
    def read_folder(cls, folder: Path, language: str) -> WhisperLearner:
        """Read a folder of `save_pretrained`; raises CheckpointError for another one."""
        try:
            model = WhisperForConditionalGeneration.from_pretrained(folder, local_files_only=True)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise AsrCheckpointError(f"{folder}: is no Whisper folder of Hugging Face: {error}") from error
        if model.config.num_mel_bins != MEL_BANDS:
            raise AsrCheckpointError(
                f"{folder}: wants {model.config.num_mel_bins} mel bands, the box hears {MEL_BANDS}"
            )
        return cls(model, tokenizer, language)

    @property
    def model(self) -> WhisperForConditionalGeneration:
        """The network."""
        return self.module.model

    def hear(self, samples: Float32) -> Float32:
        """The spectrogram [3000, bands] of a window."""
        return np.ascontiguousarray(log_mel(samples, _WINDOW_S).T)

    def encode(self, text: str) -> list[int]:
        """The task's tokens, the text, the end."""
        tokens: list[int] = self.tokenizer(text).input_ids
        if len(tokens) > self.model.config.max_target_positions:
            raise UnknownUnitError(
                f"{len(tokens)} tokens of text, Whisper writes at most {self.model.config.max_target_positions}"
            )
        return tokens

    def frames(self, _duration_s: float) -> int:
        """Always one window."""
        return round(_WINDOW_S * SAMPLE_RATE_HZ / HOP_SAMPLES)

    def frames_needed(self, _tokens: list[int]) -> int:
        """No limit: the decoder's output does not depend on the length of the audio."""
        return 0

    def read(self, features: Tensor, _length: Tensor) -> list[str]:
        """Greedy decoding."""
        with torch.inference_mode():
            written = self.model.eval().generate(features.transpose(1, 2), **self._task)
        texts: list[str] = self.tokenizer.batch_decode(written, skip_special_tokens=True)
        return [" ".join(text.split()) for text in texts]

    def save(self, path: Path, training_data: str, measured: Mapping[str, float]) -> None:
        """A folder as `from_pretrained` reads it, with `emvas.json` about its training, written atomically."""
        part = path.with_name(f".{path.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        self.model.save_pretrained(part)
        self.tokenizer.save_pretrained(part)
        card = {"training_data": training_data, "measured": dict(measured)}
        (part / _CARD).write_text(json.dumps(card, indent=1), encoding="utf-8")
        if path.exists():
            old = path.with_name(f".{path.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
            part.rename(path)
            shutil.rmtree(old)
        else:
            part.rename(path)

    def identity(self) -> dict[str, Any]:
        """Architecture and task."""
        return {"model": self.model.config.to_diff_dict(), "task": self._task}


def _complete(generation: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """Set what folders of the first conversions leave out; greedy search."""
    number = tokenizer.convert_tokens_to_ids
    generation.num_beams, generation.do_sample = 1, False
    generation.is_multilingual = True
    generation.lang_to_id = {name: number(name) for name in ("<|zh|>", "<|en|>")}
    generation.task_to_id = {"transcribe": number("<|transcribe|>")}
    generation.no_timestamps_token_id = number("<|notimestamps|>")
