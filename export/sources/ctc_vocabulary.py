"""The vocabularies of Hugging Face's CTC models as the table that the appliance reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from transformers import ParakeetTokenizer, PreTrainedTokenizerBase, Wav2Vec2CTCTokenizer

from edge.speech.ctc import CtcVocabulary
from export.role_build import BuildError

_SENTENCEPIECE_SPACE = "▁"


def wav2vec2_vocabulary(folder: Path, size: int, blank: int) -> CtcVocabulary:
    """vocab.json and its settings in tokenizer_config.json."""
    tokenizer = _load(folder, Wav2Vec2CTCTokenizer)
    return _vocabulary(folder, tokenizer, size, blank, tokenizer.word_delimiter_token)


def parakeet_vocabulary(folder: Path, size: int, blank: int) -> CtcVocabulary:
    """The sentencepiece vocabulary of tokenizer.json."""
    return _vocabulary(folder, _load(folder, ParakeetTokenizer), size, blank, _SENTENCEPIECE_SPACE)


def _load(folder: Path, kind: type[PreTrainedTokenizerBase]) -> PreTrainedTokenizerBase:
    try:
        return kind.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # transformers and tokenizers raise classes of many kinds
        raise BuildError(f"{folder} has no readable tokenizer: {error}") from error


def _vocabulary(
    folder: Path, tokenizer: PreTrainedTokenizerBase, size: int, blank: int, separator: str
) -> CtcVocabulary:
    if tokenizer.pad_token_id != blank:
        raise BuildError(
            f"{folder}: config.json says that token {blank} is blank, the tokenizer says {tokenizer.pad_token_id}; "
            "they are not of one model"
        )
    numbers: Mapping[str, int] = tokenizer.get_vocab()
    names = {number: token for token, number in numbers.items() if number < size}
    special: Collection[int] = [number for number in tokenizer.all_special_ids if names.get(number) != separator]
    silent = sorted({blank, *special, *(set(range(size)) - set(names))} & set(range(size)))
    return CtcVocabulary(
        tokens=_one_case([names.get(number, "") for number in range(size)], silent),
        blank=blank,
        separator=separator,
        silent=silent,
    )


def _one_case(tokens: list[str], silent: Collection[int]) -> list[str]:
    """Small letters if the vocabulary has only capitals: these carry no meaning, and text models misread them."""
    written = "".join(token for number, token in enumerate(tokens) if number not in silent)
    return [token.lower() for token in tokens] if written.isupper() else tokens
