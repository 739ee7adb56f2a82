"""The texts of one language, as pages, reports and commands show them."""

from __future__ import annotations

from edge.i18n.catalogue import Language, filled, text_of
from edge.i18n.sentence import Sentence


def language_of(accepted: str) -> Language:
    """The language for a browser's `Accept-Language`: Chinese where it comes first, else English."""
    return "zh" if accepted.lower().startswith("zh") else "en"


class Labels:
    """The texts of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, otherwise: str | None = None, **values: object) -> str:
        """The text of the code `key` with `values` filled in; `otherwise`, or the key, where it has none."""
        text = filled(key, self.language, values) if values else text_of(key, self.language)
        return text or (key if otherwise is None else otherwise)

    def sentence(self, text: str) -> str:
        """`text` in this language where it is a sentence of the box; else as it came."""
        found = text.in_language(self.language) if isinstance(text, Sentence) else None
        return str(text) if found is None else found

    def length(self, length_s: float, whole: bool = False) -> str:
        """A length of time: `4.2 s`, `3:07`, `1:02:03`; `whole` seconds for a value that changes on the page: `4 s`."""
        if whole and round(length_s) < 60:
            return f"{length_s:.0f} s"
        if round(length_s, 1) < 60:
            return f"{length_s:.1f} s"
        minutes, seconds = divmod(round(length_s), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
