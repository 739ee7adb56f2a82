"""A sentence is its English text, keeps code and parameters on every way, and is rendered in each language."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.dashboard.data.deserialize import to_message
from edge.error import EmvasError
from edge.i18n.texts import Labels, Sentence, read_sentence
from edge.messages import Alert, Level, Source
from edge.messages.serialize import to_record, with_sentences
from edge.redact import redacted

EN, ZH = Labels("en"), Labels("zh")
INNER = Sentence("snooze", n=10)
OUTER = Sentence("health_age", age=INNER)


def test_it_is_its_english_text() -> None:
    assert INNER == "Snooze 10 min"
    assert OUTER == "Health reported Snooze 10 min ago."
    assert json.dumps(INNER) == '"Snooze 10 min"'


def test_each_language_renders_it_with_the_sentences_inside() -> None:
    assert ZH.sentence(OUTER) == "健康报告于 静音 10 分钟前。"
    assert EN.sentence(OUTER) == str(OUTER)


def test_names_among_the_parameters_are_said_in_words() -> None:
    several = Sentence("connected_to", names=("asr", "no_name_of_the_catalogue"))
    assert several.in_language("zh") is None
    assert Sentence("health_age", age=("asr", "camera")) == "Health reported asr, camera ago."
    assert ZH.sentence(Sentence("health_age", age=("asr", "camera"))) == "健康报告于 语音识别、摄像头前。"


@pytest.mark.parametrize("text", ["[Errno 19] No such device", "camera", "", "图像"])
def test_text_of_others_is_shown_as_it_came(text: str) -> None:
    assert ZH.sentence(text) == text


def test_a_code_without_a_text_says_what_it_can_and_never_raises() -> None:
    unknown = Sentence("of_a_later_version", error="no such device")
    assert "of_a_later_version" in unknown
    assert "no such device" in unknown
    assert ZH.sentence(unknown) == unknown
    assert "snooze" in Sentence("snooze")


def test_it_survives_copies_and_pickles() -> None:
    for again in (copy.deepcopy(OUTER), pickle.loads(pickle.dumps(OUTER))):
        assert (again, again.code, again.parameters) == (OUTER, OUTER.code, OUTER.parameters)


def test_data_are_the_way_out_and_back() -> None:
    data = json.loads(json.dumps(OUTER.as_data))
    assert data == {
        "code": "health_age",
        "parameters": {"age": {"code": "snooze", "parameters": {"n": 10}, "text": "Snooze 10 min"}},
    }
    back = read_sentence(str(OUTER), data)
    assert isinstance(back, Sentence)
    assert (back, ZH.sentence(back)) == (OUTER, ZH.sentence(OUTER))


def test_the_text_of_an_older_or_newer_box_is_unchanged() -> None:
    assert read_sentence("worded otherwise", OUTER.as_data) == "worded otherwise"
    assert (
        ZH.sentence(read_sentence("worded otherwise", {"code": "of_a_later_version", "parameters": {}}))
        == "worded otherwise"
    )
    assert (
        ZH.sentence(read_sentence("worded otherwise", {"code": "snooze", "parameters": {"m": 5}})) == "worded otherwise"
    )


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.dictionaries(st.sampled_from(["code", "parameters", "text", "n"]), inner) | st.lists(inner),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_stands_where_data_should_be_the_text_is_shown(data: object) -> None:
    assert read_sentence("as it came", data) == "as it came"
    assert isinstance(ZH.sentence(read_sentence("as it came", data)), str)


def test_secrets_are_taken_out_of_text_and_parameters() -> None:
    safe = redacted(Sentence("health_age", age="rtsp://user:secret@host/1"))
    assert isinstance(safe, Sentence)
    assert "secret" not in safe + json.dumps(safe.as_data) + ZH.sentence(safe)


def test_an_error_hands_on_its_sentence() -> None:
    assert EmvasError(INNER).sentence is INNER
    assert EmvasError("plain").sentence == "plain"


def test_records_carry_code_and_parameters_beside_the_text() -> None:
    source = Source(1.0, "camera", "lost", INNER)
    record = to_record(source)
    assert record["detail"] == "Snooze 10 min"
    assert record["detail_code"] == {"code": "snooze", "parameters": {"n": 10}}
    back = to_message(json.loads(json.dumps(record)))
    assert back == source
    assert isinstance(back, Source)
    assert ZH.sentence(back.detail) == "静音 10 分钟"
    assert "detail_code" not in to_record(Source(1.0, "camera", "lost", "[Errno 19]"))


def test_evidence_carries_them_too() -> None:
    alert = Alert(2.0, "i", "new", "source_lost", Level.ADVISORY, 1.0, 1.0, {"source": "camera", "detail": INNER})
    back = to_message(json.loads(json.dumps(to_record(alert))))
    assert isinstance(back, Alert)
    assert back.evidence == {"source": "camera", "detail": "Snooze 10 min"}
    assert ZH.sentence(back.evidence["detail"]) == "静音 10 分钟"


def test_a_field_that_only_ends_like_a_code_is_kept() -> None:
    assert with_sentences({"postal_code": {"a": 1}, "zip": "x"}) == {"postal_code": {"a": 1}, "zip": "x"}
