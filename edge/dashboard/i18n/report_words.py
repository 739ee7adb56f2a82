"""The words that only the report shows, in English and Chinese."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    # the page of many recordings
    "recordings": ("Recordings", "录制"),
    "recording": ("Recording", "录制"),
    "recordings_n": ("{n} recordings", "{n} 个录制"),
    "recordings_sum": (
        "{n} recordings, {length} in all · affect judged in {judged} · {alerts} alerts",
        "{n} 个录制，共 {length} · {judged} 个有情绪结果 · {alerts} 次警报",
    ),
    "filter": ("Filter", "筛选"),
    "filter_hint": ("name, words, emotion", "名称、话语、情绪"),
    "change": ("Affect over time", "情绪变化"),
    "judged_who": ("Who was judged, how long", "判定对象与时长"),
    "people_n": ("people: {n}", "人数：{n}"),
    "no_faces_short": ("no face looked for", "未寻找人脸"),
    "no_affect_short": ("no affect judged", "无情绪结果"),
    "mean_spread": ("Mean ± spread", "均值 ± 离散"),
    "most_negative": ("Most negative moment", "最消极的时刻"),
    "index_method": (
        "Scores run from -1 (negative) to 1 (positive); spread is their standard deviation over the judged time. All "
        "curves share one axis of time. They are estimates by models, and no diagnosis.",
        "得分从 -1（消极）到 1（积极）；离散为可判定时间内得分的标准差。所有曲线使用同一时间轴。"
        "均为模型估计，不构成诊断。",
    ),
    "emotion_shape": ("The seven emotions", "七种情绪"),
    "fontless": (
        "This device has no font for the Chinese text of this page: install one (on Debian and Ubuntu {package}).",
        "No font for Chinese text on this device: install {package}. 此设备没有中文字体：请安装 {package}。",
    ),
    "key_moments": ("Key moments", "关键时刻"),
    "moment_lowest": ("lowest", "最低"),
    "moment_highest": ("highest", "最高"),
    "moment_fall": ("steepest fall", "最大下降"),
    "moment_rise": ("steepest rise", "最大上升"),
    "times_n": ("{n} ×", "{n} 次"),
    "curve_and_words": ("Words beside the curve", "话语与情绪曲线"),
    "from_words": ("words", "文字"),
    "from_voice": ("voice", "语音"),
    "from_face": ("face", "面部"),
    "other_language": ("(another language: {code})", "（其他语言：{code}）"),
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
