"""The sentences of the box in Chinese: each made by the code that reports it, and shown as the pages show it."""

from __future__ import annotations

import json
import time

import pytest

from edge.alerts.suppression import Arming
from edge.capture.microphone import OVERRUN
from edge.config import Config
from edge.config.decision import ArmingConfig
from edge.dashboard.data.deserialize import to_message
from edge.i18n.texts import Labels, Sentence
from edge.messages import Source
from edge.messages.serialize import to_record
from edge.runtime.perception_stages import OPTIONAL, PATIENCE_S, withheld_reason
from edge.runtime.supervision import Supervision
from edge.runtime.workers import UTTERANCE_LOST
from edge.status import SystemStatus
from edge.warning.warner import NOTHING

ZH, EN = Labels("zh"), Labels("en")


def silent_speed() -> str:
    arming = Arming(ArmingConfig(source="gpsd"))
    arming.advance(0.0)
    return arming.advance(1e6)[0].detail


def hanging() -> str:
    parts, said = Supervision(), list[str | None]()
    vision = parts.component("vision", object, object(), patience_s=PATIENCE_S["vision"])
    for _ in range(2):
        vision.run(0.0, lambda _: said.append(parts.stuck(time.monotonic() + PATIENCE_S["vision"] + 5.0)), None)
    assert said[1] is not None
    return said[1]


def lost_camera() -> str:
    status = SystemStatus()
    status.turned(0.0, None)
    status.take(Source(0.0, "camera", "lost", Sentence("source_ended")))
    return status.verdict(0.0).reasons[0]


SAID = [
    (OVERRUN, "部分声音缺失"),
    (NOTHING, "车内没有警告装置"),
    (UTTERANCE_LOST, "未转写"),
    (silent_speed(), "没有车速"),
    (hanging(), "人脸分析卡住：15 秒没有应答"),
    (Sentence("switched_off", setting="speech.transcribe"), "已由 speech.transcribe 关闭"),
    (withheld_reason(Config(purpose="driver-safety")), "用途“驾驶安全”可告知的内容均不需要它"),
    (Sentence("roles_missing", roles=("asr",)), "模型包中没有语音识别"),
    (lost_camera(), "摄像头丢失：已结束"),
    *((absence, "模型包中没有") for absence in OPTIONAL.values()),
]


@pytest.mark.parametrize(("said", "chinese"), SAID)
def test_what_the_box_says_is_told_in_chinese(said: str, chinese: str) -> None:
    assert chinese in ZH.sentence(said)
    assert not any(word in ZH.sentence(said) for word in (" the ", " is ", " are ", "no answer"))


@pytest.mark.parametrize(("said", "chinese"), SAID)
def test_the_timeline_keeps_it_for_the_page(said: str, chinese: str) -> None:
    told = to_message(json.loads(json.dumps(to_record(Source(0.0, "camera", "lost", said)))))
    assert isinstance(told, Source)
    assert told.detail == said
    assert ZH.sentence(told.detail) == ZH.sentence(said)


def test_english_stays_english_with_names_in_words() -> None:
    assert EN.sentence(OVERRUN) == OVERRUN
    assert lost_camera() == EN.sentence(lost_camera()) == "camera lost: it ended"
    assert hanging() == "vision hangs: no answer for 15 s, 10 s are its most"
    assert EN.sentence(hanging()) == "face analysis hangs: no answer for 15 s, 10 s are its most"
