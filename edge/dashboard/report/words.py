"""The words that only the report shows, in English and Chinese."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "curve_and_words": ("Words beside the curve", "话语与情绪曲线"),
    "from_words": ("words", "文字"),
    "from_voice": ("voice", "语音"),
    "from_face": ("face", "面部"),
    "no_words": ("(words not on record)", "（无文字记录）"),
    "without_speech": ("(no speech)", "（无语音）"),
    "judged_lines": ("Judged by", "判断依据"),
    "of_lines": ("{n} of {all}", "{n} / {all}"),
    "group_valid": ("Time with a group", "可判定群体的时间"),
    "group_faces": ("Faces, mean", "平均人脸数"),
    "known_level": ("Time with a known fatigue level", "疲劳等级已知的时间"),
    "report_zoom": (
        "Drag the bar below the chart to zoom; point at a mark for what it rests on.",
        "拖动图下的滑块可缩放；指向标记可查看依据。",
    ),
    "made_by": ("Made by EMVAS Edge {version} from {name}.", "由 EMVAS Edge {version} 根据 {name} 生成。"),
    "times_of_box": ("All times are those of the box ({zone}).", "所有时间均为设备时间（{zone}）。"),
    "file_damaged": (
        "The file could not be read whole: {detail}. What follows is about the part that could.",
        "文件未能完整读取：{detail}。以下内容只涉及可读取的部分。",
    ),
    "nothing_seen_or_heard": (
        "Nothing was seen or heard: this report can tell nothing about anybody.",
        "没有看到或听到任何内容：本报告无法说明任何人的状态。",
    ),
    "group_only": (
        "The purpose of the box allows nothing about one person: only what groups of five or more have in common.",
        "设备用途不允许涉及个人的内容：仅显示五人及以上群体的共同情况。",
    ),
    "method_words": (
        "Words were recognised by a model and may be wrong; a score is judged from whatever of words, voice and face "
        "was there, and each small mark shows what one of them alone says.",
        "文字由模型识别，可能有误；得分依据当时可用的文字、语音和面部，每个小标记表示其中一项单独的判断。",
    ),
    "method_group": (
        "A group counts from five readable faces on; the share is of faces that look more negative than they "
        "themselves usually do, and a single one counts as none.",
        "至少五张可读人脸才算群体；比例为比自身平常更消极的人脸，仅一张时计为零。",
    ),
}
