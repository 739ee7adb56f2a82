"""Character error rate of Chinese transcripts, the same normalisation for every system.

Normalised: width (NFKC), case, traditional to simplified characters, figures to the way they are read (cardinals; four
figures before 年, and the seven or more of a telephone number, also where spaces, hyphens or dots part its groups, one
by one; % as 百分之), and everything that is neither letter nor digit dropped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from edge.speech.decoding import simplify
from training.asr.metrics import error_rates

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万")
_TELEPHONE = 7


def normalise(text: str) -> str:
    """The characters that count."""
    plain = simplify(unicodedata.normalize("NFKC", text)).lower()
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", plain)
    plain = re.sub(r"\d+(?:[-. ]\d+)+", lambda found: _joined(found[0]), plain)
    plain = re.sub(r"(\d+(?:\.\d+)?)%", lambda found: "百分之" + _read(found[1]), plain)
    plain = re.sub(r"(?<!\d)\d{4}(?=年)", lambda found: _one_by_one(found[0]), plain)
    plain = re.sub(r"\d+(?:\.\d+)?", lambda found: _read(found[0]), plain)
    return "".join(character for character in plain if character.isalnum())


def _joined(groups: str) -> str:
    """The groups of a telephone number as one; anything else as it was."""
    digits = re.sub(r"\D", "", groups)
    return digits if len(digits) >= _TELEPHONE else groups


def _read(figure: str) -> str:
    whole, _, fraction = figure.partition(".")
    if len(whole) >= _TELEPHONE or (len(whole) > 1 and whole[0] == "0"):
        return _one_by_one(whole) + ("点" + _one_by_one(fraction) if fraction else "")
    return _cardinal(int(whole)) + ("点" + _one_by_one(fraction) if fraction else "")


def _one_by_one(digits: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _cardinal(number: int) -> str:
    if number == 0:
        return _DIGITS[0]
    spoken, gap = "", False
    for group in reversed(range(len(_GROUPS))):
        value = number // 10 ** (4 * group) % 10_000
        if value == 0:
            gap = gap or bool(spoken)
            continue
        spoken += (_DIGITS[0] if spoken and (gap or value < 1_000) else "") + _below_ten_thousand(value)
        spoken += _GROUPS[group]
        gap = False
    return spoken.removeprefix("一") if spoken.startswith("一十") else spoken


def _below_ten_thousand(value: int) -> str:
    spoken, gap = "", False
    for place in reversed(range(4)):
        digit = value // 10**place % 10
        if digit:
            spoken += (_DIGITS[0] if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = bool(spoken) and digit == 0
    return spoken


def character_edits(reference: str, hypothesis: str) -> tuple[int, int]:
    """Edits between the characters that count, and how many the reference has; ValueError when it has none."""
    rates = error_rates([(normalise(reference), normalise(hypothesis))])
    return rates.character_edits, rates.characters


def corpus_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """All edits over all reference characters of (reference, hypothesis) pairs; ValueError when there are none."""
    return error_rates((normalise(reference), normalise(hypothesis)) for reference, hypothesis in pairs).cer
