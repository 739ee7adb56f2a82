"""The message catalogues: the text of a code in a language, with its parameters filled in."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}
FOLDER = Path(__file__).parent / "locale"
DOMAIN = "emvas"


class _Absent(gettext.NullTranslations):
    """What `gettext` asks last: it tells a code without a text from a text that equals its code."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)


def text_of(code: str, language: Language) -> str | None:
    """The text of a code, its parameters still in braces; None for a code that the catalogues do not have."""
    if not code:  # gettext keeps the catalogue's own header there
        return None
    try:
        return _catalogue(language).gettext(code)
    except KeyError:
        return None


def filled(code: str, language: Language, values: Mapping[str, object]) -> str | None:
    """The text of a code with `values` in it; None where there is no such code, or the values do not fit the text.

    It does not raise: codes and values also come from other versions of the box, and a text must never stop an alert.
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
