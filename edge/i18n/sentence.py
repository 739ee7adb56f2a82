"""A sentence of the box: its English text, and the code and parameters from which any language renders it.

The part that finds a fault makes a `Sentence`. It is a string, the English text, so logs and payloads need no change
to carry it. `as_data` is what a record or a payload carries beside that text, and `read` is the way back. Text of
another program (a driver's error) is a plain string and is shown as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edge.i18n.catalogue import Language, filled, text_of

CODE_SUFFIX = "_code"
"""A field `detail` whose text is a sentence has a field `detail_code` beside it."""
_DIGITS = 4
"""Decimals of a number among the parameters in data, as in records."""
_MOST_DEEP = 4
"""Sentences inside sentences, in data from elsewhere."""


class Sentence(str):
    """The English text of a code; parameters are numbers, texts, names that have a text of their own, or sentences."""

    code: str
    parameters: Mapping[str, Any]

    def __new__(cls, code: str, **parameters: Any) -> Sentence:
        """Render `code` in English; a code without a text, which a test would find, still says what it can."""
        text = filled(code, "en", {name: _in_english(value) for name, value in parameters.items()})
        return cls._with_text(text or f"{code} {parameters}", code, parameters)

    @classmethod
    def _with_text(cls, text: str, code: str, parameters: Mapping[str, Any]) -> Sentence:
        sentence = super().__new__(cls, text)
        sentence.code, sentence.parameters = code, parameters
        return sentence

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.code,), dict(self.parameters)

    def mapped(self, change: Callable[[str], str]) -> Sentence:
        """The same sentence with `change` made to its text and to each text among its parameters."""
        parameters = {name: _mapped(value, change) for name, value in self.parameters.items()}
        return self._with_text(change(str(self)), self.code, parameters)

    @property
    def as_data(self) -> dict[str, Any]:
        """Code and parameters as plain JSON data; a sentence among the parameters also brings its text."""
        return {"code": self.code, "parameters": {name: _as_data(value) for name, value in self.parameters.items()}}

    def in_language(self, language: Language) -> str | None:
        """The sentence as people read it, names in words; None where the language has no text for all of it."""
        values = {name: _in_words(value, language) for name, value in self.parameters.items()}
        return None if None in values.values() else filled(self.code, language, values)


def read(text: str, data: object, depth: int = 0) -> str:
    """`text` as the sentence that `data` describes; as it is where the data are none (an older box sends none)."""
    if not isinstance(data, Mapping) or depth >= _MOST_DEEP:
        return text
    code, parameters = data.get("code"), data.get("parameters", {})
    if not isinstance(code, str) or not isinstance(parameters, Mapping):
        return text
    return Sentence._with_text(text, code, {str(name): _read(value, depth) for name, value in parameters.items()})


def _read(value: Any, depth: int) -> Any:
    if isinstance(value, list):
        return tuple(_read(item, depth) for item in value)
    return read(str(value.get("text", "")), value, depth + 1) if isinstance(value, Mapping) else value


def _as_data(value: Any) -> Any:
    if isinstance(value, Sentence):
        return {**value.as_data, "text": str(value)}
    if isinstance(value, float):
        return round(value, _DIGITS)
    return [_as_data(item) for item in value] if isinstance(value, list | tuple) else value


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Sentence):
        return value.mapped(change)
    if isinstance(value, list | tuple):
        return tuple(_mapped(item, change) for item in value)
    return change(value) if isinstance(value, str) else value


def _in_english(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _in_words(value: Any, language: Language) -> Any:
    if isinstance(value, Sentence):
        return value.in_language(language)
    if isinstance(value, list | tuple):
        return (text_of("list_separator", language) or ", ").join(str(_in_words(item, language)) for item in value)
    return (text_of(value, language) or value) if isinstance(value, str) else value
