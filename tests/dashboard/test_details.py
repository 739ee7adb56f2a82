"""Sentences of the box in Chinese: those that the code really says, and nothing else touched."""

from __future__ import annotations

import time

import pytest

from edge.alerts.arming import Arming
from edge.capture.microphone import OVERRUN
from edge.config import Config
from edge.config.decision import ArmingConfig
from edge.dashboard.i18n.details import detail
from edge.i18n.labels import Labels
from edge.runtime.perception_stages import OPTIONAL, PATIENCE_S, withheld_reason
from edge.runtime.supervision import Supervision
from edge.runtime.workers import UTTERANCE_LOST
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
    return str(said[1])


SAID = {
    OVERRUN: "部分声音缺失",
    NOTHING: "车内没有警告装置",
    UTTERANCE_LOST: "未转写",
    silent_speed(): "没有车速",
    hanging(): "人脸分析卡住：15 秒没有应答",
    "switched off by speech.transcribe": "已由 speech.transcribe 关闭",
    withheld_reason(Config(purpose="driver-safety")): "用途“驾驶安全”可告知的内容均不需要它",
    "the bundle has no asr": "模型包中没有语音识别",
    "camera lost: it ended": "摄像头 丢失: 已结束",
    **{f"the bundle has no {role}: {cost}": "模型包中没有" for role, cost in OPTIONAL.items()},
}


@pytest.mark.parametrize("said", SAID)
def test_what_the_box_says_is_told_in_chinese(said: str) -> None:
    assert SAID[said] in detail(said, ZH)
    assert not any(word in detail(said, ZH) for word in (" the ", " is ", " are ", "no answer"))


@pytest.mark.parametrize("said", ["[Errno 19] No such device", "it ended: by itself", "", "图像"])
def test_what_comes_from_elsewhere_stays_as_it_is(said: str) -> None:
    assert detail(said, ZH) == said


def test_english_stays_english() -> None:
    assert detail(OVERRUN, EN) == OVERRUN
    assert detail("camera lost: it ended", EN) == "camera lost: it ended"
