"""Why something is absent or lost, in the reader's language: the sentences that the box itself says.

What a driver, a library or another program said is not ours to translate and stands as it came, as does every sentence
that is not in the table.
"""

from __future__ import annotations

import re

from edge.i18n.labels import Labels
from edge.i18n.sentence import Sentence

_CHINESE: dict[str, str] = {
    r"(camera\.uri) is not set": "未设置 {0}",
    r"(microphone\.device) is null": "{0} 为 null",
    r"switched off by (\S+)": "已由 {0} 关闭",
    r"nothing that purpose (\S+) may tell needs it": "用途“{0}”可告知的内容均不需要它",
    r"the bundle has no ([\w, ]+): lids are judged by their contour alone": "模型包中没有{0}：仅按眼睑轮廓判断",
    r"the bundle has no ([\w, ]+): nothing is estimated from blinks": "模型包中没有{0}：不根据眨眼估计",
    r"the bundle has no ([\w, ]+): cries and laughter are not told apart, coughs, crashes and alarms not at all": (
        "模型包中没有{0}：无法区分哭喊与笑声，也听不出咳嗽、撞击和警报"
    ),
    r"the bundle has no ([\w, ]+)": "模型包中没有{0}",
    r"(.+) has no pictures": "{0} 没有画面",
    r"(.+) has no sound": "{0} 没有声音",
    r"(.+) sends no pictures": "{0} 不发送画面",
    r"(.+) sends no sound": "{0} 不发送声音",
    r"the CSI pipeline gave no picture for (\d+) s": "CSI 管道 {0} 秒没有画面",
    r"the microphone gave no sound for (\d+) s": "麦克风 {0} 秒没有声音",
    r"microphone (.+?) cannot be opened \((.+)\); `emvas devices` lists them": (
        "麦克风 {0} 无法打开（{1}）；`emvas devices` 可列出设备"
    ),
    r"some sound is missing: the box was too busy to take it": "部分声音缺失：设备过忙，来不及接收",
    r"people speak faster than words are recognized: an utterance is not transcribed": (
        "说话快于识别：有一段话语未转写"
    ),
    r"speaker (.+?) cannot be opened \((.+)\); `emvas devices` lists them": (
        "扬声器 {0} 无法打开（{1}）；`emvas devices` 可列出设备"
    ),
    r"the section `warning` is not set: nothing in the cab warns the driver": "未设置 `warning` 部分：车内没有警告装置",
    r"it ended": "已结束",
    r"it was told to start anew": "按命令重新启动",
    r"no speed for (\S+) s: armed as if driving": "{0} 秒没有车速：按行驶中处理",
    r"no progress: the judging loop has not turned for (\d+) s": "没有进展：判定循环 {0} 秒未运行",
    r"starting: no picture and no sound has been worked through yet": "正在启动：尚未处理任何画面和声音",
    r"(\w+) hangs: no answer for (\d+) s, (\d+) s are its most": "{0}卡住：{1} 秒没有应答，最多允许 {2} 秒",
    r"the disk of (.+) is nearly full: the oldest telemetry is deleted; free space there": (
        "{0} 所在磁盘将满：正在删除最旧的遥测数据；请释放空间"
    ),
}
"""A sentence as the box says it, as a pattern, and its Chinese."""
_TABLE = [(re.compile(pattern), chinese) for pattern, chinese in _CHINESE.items()]
_OF_SOURCE = re.compile(r"(\w+) (lost|absent): (.*)")
"""How the box's own verdict names a source."""


def detail(said: str, labels: Labels) -> str:
    """`said` in the language of `labels`; as it is where it is not a sentence of the box."""
    if isinstance(said, Sentence):
        return labels.sentence(said)
    if found := _OF_SOURCE.fullmatch(said):
        return f"{labels(found[1])} {labels(found[2])}: {detail(found[3], labels)}"
    if labels.language == "en":
        return said
    for pattern, chinese in _TABLE:
        if found := pattern.fullmatch(said):
            return chinese.format(*(labels(part) for part in found.groups()))
    return said
