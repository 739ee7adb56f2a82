"""The sentiment of a transcript, with corrections for two kinds of text that the model reads wrong.

The head was trained on reviews and posts, where `no` and a negation go with displeasure. In talk `no` answers a
question, and `nothing is wrong` is not a complaint. So short answers and denied faults get a lower weight. The rules
are narrow on purpose: a sentence with one clause that is neither is left to the head.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from edge.bundle.bundle import Bundle
from edge.messages import Float32
from edge.text.encoder import TextEncoder

_CLAUSE_END = re.compile(r"[,.;:!?，。；：！？、…~\n]+")
_ANSWERS_EN = "no nope nah yes yeah yep ok okay right sure well so hm hmm mm mhm uh uh-huh hello hi bye"
_ANSWERS_ZH = (
    "嗯 恩 哦 噢 啊 呃 是 是的 不是 不是的 没 没有 没有的 有 有的 不 不用 不要 对 对的 好 好的 行 可以 喂 那个 这个"
)
_ANSWERS = frozenset(f"{_ANSWERS_EN} {_ANSWERS_ZH}".split())
_FAULT = "bad|wrong|worried|angry|sad|upset|unhappy|afraid|scared|hurt|ill|sick|tired|terrible"
_FAULT_ZH = (
    "坏|差|错|糟|生气|难过|伤心|担心|害怕|疼|痛|累|不满|意见|怨言|问题|毛病|缺点|危险"
    "|不好|不对|不满意|不舒服|不高兴|不开心"
)
_DENIALS = (
    r"(there is |there's )?nothing('s| is| was)?( at all| really)? (wrong|bad|to (complain|worry) about)( .{0,24})?",
    rf"(\w+ |\w+'s |\w+'m |\w+'re )?(is |am |are |was )?not (at all |really )?(a )?({_FAULT})( at all|\b.{{0,16}})?",
    r"(there is |there's |i have )?no (problems?|complaints?|danger|worries|harm done)( at all| here)?",
    r"(please )?don't worry( about .{0,24})?",
    r"(it |this )?(could|can)(n't| not) be better",
    rf".{{0,4}}(没有?|毫无|并无)(什么|任何|一点|半点)?({_FAULT_ZH})(的|的地方|了)?",
    rf".{{0,4}}(不是|并不|一点也?不|一点都不)({_FAULT_ZH})(的|了)?",
    r".{0,3}不(坏|差|生气|难过|伤心|担心|害怕|疼|痛|累|危险)(的|了)?",
    r"(你?别担心|没事|没关系|不要紧|无可挑剔)(的|了)?",
)
_DENIED = re.compile("|".join(f"(?:{pattern})" for pattern in _DENIALS))
LANGUAGES = ("zh", "en")
"""Languages that the head was trained and tested in (docs/evidence/affect.md)."""
ANSWER_WEIGHT = 0.1
"""Of an answer, against a sentence: a person who says `no` may be annoyed, but the word does not show it."""
DENIAL_WEIGHT = 0.5
"""Of a denied fault: it is not negative, and the head does not know how positive it is."""


def is_answer(text: str) -> bool:
    """Whether it is only an answer, a greeting or a filler: `no`, `嗯`, `不是，没有`."""
    return _each(text, _ANSWERS.__contains__)


def denies_a_fault(text: str) -> bool:
    """Whether it only says that something is not bad: `nothing is wrong`, `没有什么不好`."""
    return not is_answer(text) and _each(text, lambda clause: clause in _ANSWERS or _DENIED.fullmatch(clause))


def _each(text: str, holds: Callable[[str], object]) -> bool:
    clauses = [clause.strip() for clause in _CLAUSE_END.split(text.lower()) if clause.strip()]
    return bool(clauses) and all(holds(clause) for clause in clauses)


@dataclass(frozen=True, slots=True)
class Sentiment:
    """The sentiment of one text."""

    score: float
    """-1 negative to 1 positive."""
    confidence: float
    """How likely the sign of `score` is right, .5 to 1: .5 for a score near 0."""
    embedding: Float32
    """The text's unit vector."""
    hidden: Float32 | None = None
    """Its tokens' vectors (tokens, width), if the bundle gives them."""
    weight: float = 1.0
    """0..1: weight of this text, against that of a sentence."""


class TextSentiment:
    """Texts in Chinese or English in, their sentiment out."""

    def __init__(self, bundle: Bundle) -> None:
        self._encoder = TextEncoder(bundle)
        self._sharpness = float(bundle.role("text").preprocessing["sign_sharpness"])

    def score(self, text: str) -> Sentiment:
        """Score one text."""
        encoded = self._encoder.encode(text)
        found, weight = encoded.sentiment, 1.0
        if is_answer(text):
            weight = ANSWER_WEIGHT
        elif denies_a_fault(text):
            found, weight = max(found, 0.0), DENIAL_WEIGHT
        confidence = 1 / (1 + math.exp(-self._sharpness * weight * abs(found)))
        return Sentiment(found, confidence, encoded.embedding, encoded.hidden, weight)
