"""Beam search over a CTC model's tokens with an n-gram language model: flashlight's decoder and KenLM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.error import EmvasError
from edge.messages import Float32
from training.asr.vocabulary import SEPARATOR, Vocabulary

_THRESHOLD = 25.0
"""Hypotheses this much less likely (natural logarithm) than the best are dropped, as torchaudio's decoder does by
default (50) but tighter."""


class BeamError(EmvasError):
    """Beam search is not available here."""


class BeamSearch:
    """Reads log probabilities; the words of the language model are the tokens of the vocabulary.

    A model of characters writes a space as `▁`; a model of words has no spaces.
    """

    def __init__(self, vocabulary: Vocabulary, language_model: Path, beams: int = 50, weight: float = 0.5) -> None:
        """Raises BeamError if flashlight-text or kenlm is not installed, or the language model cannot be read."""
        try:
            from flashlight.lib.text.decoder import CriterionType, LexiconFreeDecoder, LexiconFreeDecoderOptions
            from flashlight.lib.text.decoder.kenlm import KenLM
            from flashlight.lib.text.dictionary import Dictionary
        except ImportError as error:
            raise BeamError(
                f"Beam search needs flashlight-text and kenlm ({error}): pip install flashlight-text kenlm"
            ) from error
        if not language_model.is_file():
            raise BeamError(f"{language_model}: there is no such language model; KenLM's .arpa or .bin is wanted")
        self._vocabulary = vocabulary
        words = Dictionary([_text(token) for token in vocabulary.tokens])
        try:
            model = KenLM(str(language_model), words)
        except RuntimeError as error:
            raise BeamError(f"{language_model}: is no language model of KenLM: {error}") from error
        options = LexiconFreeDecoderOptions(
            beam_size=beams,
            beam_size_token=min(beams, len(vocabulary.tokens)),
            beam_threshold=_THRESHOLD,
            lm_weight=weight,
            sil_score=0.0,
            log_add=True,
            criterion_type=CriterionType.CTC,
        )
        blank = vocabulary.table.blank
        self._decoder: Any = LexiconFreeDecoder(options, model, blank, blank, [])

    def text(self, log_probs: Float32) -> str:
        """The most likely text of one utterance [frames, vocabulary]."""
        frames, size = log_probs.shape
        row = log_probs.astype("float32", order="C")
        best = self._decoder.decode(row.ctypes.data, frames, size)[0]
        blank = last = self._vocabulary.table.blank
        tokens = []
        for token in best.tokens:
            if token not in (last, blank):
                tokens.append(token)
            last = token
        return self._vocabulary.text(tokens)


def _text(token: str) -> str:
    return token.removeprefix(SEPARATOR) or SEPARATOR
