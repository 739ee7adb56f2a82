"""Simplified characters: Whisper writes Mandarin in either script, everything behind it expects one."""

from __future__ import annotations

import functools

from opencc import OpenCC

CHINESE = "zh"


@functools.cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def simplify(text: str) -> str:
    """Return `text` with traditional characters replaced by simplified ones; anything else stays."""
    converted: str = _converter().convert(text)
    return converted
