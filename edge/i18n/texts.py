"""Texts for people: the message catalogues, sentences of the box (code and parameters), and the texts of one language.

The part of the box that finds a fault makes a `Sentence`. It is a string, the English text, so logs and payloads need
no change to carry it. Records and payloads carry `as_data` beside that text; `read_sentence` reads it. A text of
another program (a driver's error) is a plain string and is shown unchanged.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}
FOLDER = Path(__file__).parent / "locale"
DOMAIN = "emvas"


class _Absent(gettext.NullTranslations):
    """The last fallback of `gettext`: distinguishes a code without a text from a text that equals its code."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)


def text_of(code: str, language: Language) -> str | None:
    """The text of a code, with its parameters in braces; None for an unknown code."""
    if not code:  # gettext keeps the catalogue's own header there
        return None
    try:
        return _catalogue(language).gettext(code)
    except KeyError:
        return None


def filled(code: str, language: Language, values: Mapping[str, object]) -> str | None:
    """The text of a code with `values` in it; None if the code is unknown or the values do not fit.

    It does not raise: codes and values also come from other versions of the box. A text must never stop an alert.
    """
    text = text_of(code, language)
    try:
        return text and text.format(**values)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    found = gettext.translation(DOMAIN, FOLDER, [language])
    found.add_fallback(_Absent())
    return found


CODE_SUFFIX = "_code"
"""A field `detail` whose text is a sentence has a field `detail_code` beside it."""
_TENTH = 0.1
"""Shares below it are shown with a decimal."""
_DIGITS = 4
"""Decimals of a number among the parameters in data, as in records."""
_MOST_DEEP = 4
"""Sentences inside sentences, in data from elsewhere."""


class Sentence(str):
    """The English text of a code; parameters are numbers, texts, names that have a text of their own, or sentences."""

    code: str
    parameters: Mapping[str, Any]

    def __new__(cls, code: str, **parameters: Any) -> Sentence:
        """Render `code` in English; a code without a text gives its code and parameters."""
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
        """The sentence as people read it, names in words; None if the language lacks a part of it."""
        values = {name: _in_words(value, language) for name, value in self.parameters.items()}
        return None if None in values.values() else filled(self.code, language, values)


def read_sentence(text: str, data: object, depth: int = 0) -> str:
    """`text` as the sentence that `data` describes; unchanged without data (an older box sends none)."""
    if not isinstance(data, Mapping) or depth >= _MOST_DEEP:
        return text
    code, parameters = data.get("code"), data.get("parameters", {})
    if not isinstance(code, str) or not isinstance(parameters, Mapping):
        return text
    return Sentence._with_text(text, code, {str(name): _read(value, depth) for name, value in parameters.items()})


def _read(value: Any, depth: int) -> Any:
    if isinstance(value, list):
        return tuple(_read(item, depth) for item in value)
    return read_sentence(str(value.get("text", "")), value, depth + 1) if isinstance(value, Mapping) else value


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


def language_of(accepted: str) -> Language:
    """The language for a browser's `Accept-Language`: Chinese where it comes first, else English."""
    return "zh" if accepted.lower().startswith("zh") else "en"


def position(t_s: float) -> str:
    """A position in a recording, in whole seconds since its start: `0:04`, `3:07`, `1:02:03`."""
    minutes, seconds = divmod(int(t_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def signed(score: float) -> str:
    """A score or its change with its sign: `+0.42`, `-0.30`; zero has none."""
    text = f"{score:+.2f}"
    return text if text[1:] != "0.00" else "0.00"


class Labels:
    """The texts of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, otherwise: str | None = None, **values: object) -> str:
        """The text of the code `key` with `values` filled in; `otherwise`, or the key, if it has none."""
        text = filled(key, self.language, values) if values else text_of(key, self.language)
        return text or (key if otherwise is None else otherwise)

    def sentence(self, text: str) -> str:
        """`text` in this language if it is a sentence of the box; other texts come back unchanged."""
        found = text.in_language(self.language) if isinstance(text, Sentence) else None
        return str(text) if found is None else found

    def length(self, length_s: float, whole: bool = False) -> str:
        """A length of time: `4.2 s`, `3:07`, `1:02:03`; `whole` seconds for a value that changes on the page: `4 s`."""
        if whole and round(length_s) < 60:
            return self("seconds_n", n=f"{length_s:.0f}")
        if round(length_s, 1) < 60:
            return self("seconds_n", n=f"{length_s:.1f}")
        return position(round(length_s))

    def percent(self, share: float | None) -> str:
        """A share of 1: `62 %`, below a tenth `6.2 %`; the word for unknown if it is None."""
        if share is None:
            return self("unknown")
        small = 0 < round(share, 3) < _TENTH
        return f"{100 * share:.1f} %" if small else f"{100 * share:.0f} %"

    def part(self, name: str, state: str) -> str:
        """A part of the box with its state: `speaker lost`."""
        return self("part_is", part=self(name), state=self(state))

    def clauses(self, texts: Iterable[str]) -> str:
        """Several texts as one line."""
        return self("clause_separator").join(texts)

    def explained(self, text: str, why: str) -> str:
        """`text: why` with the colon of the language; `text` alone without a reason."""
        return self("explained", text=text, why=why) if why else text

    def with_note(self, text: str, note: str) -> str:
        """`text (note)` with the brackets of the language."""
        return self("with_note", text=text, note=note)
