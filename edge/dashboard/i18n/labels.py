"""Every word that the page and the report show, in English and Chinese."""

from __future__ import annotations

from typing import Literal, get_args

from edge.affect.words import EMOTIONS, POLARITIES
from edge.dashboard.i18n.page_words import PAGE_WORDS
from edge.dashboard.i18n.report_words import WORDS as REPORT_WORDS

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}

_WORDS: dict[str, tuple[str, str]] = {
    # levels
    "none": ("normal", "正常"),
    "advisory": ("advisory", "提示"),
    "warning": ("warning", "警告"),
    "critical": ("critical", "严重"),
    "emergency": ("emergency", "紧急"),
    "unknown": ("unknown", "未知"),
    "off": ("off", "已关闭"),
    # causes of a level, kinds of alert and of closure
    "perclos_advisory": ("eyelids are getting heavy", "眼睑开始下垂"),
    "perclos_warning": ("eyes closed too much of the time", "闭眼时间过长"),
    "perclos_critical": ("eyes closed most of the time", "大部分时间闭眼"),
    "yawns": ("repeated yawning", "频繁打哈欠"),
    "drowsy_blinks": ("blinks like a drowsy person", "眨眼显得困倦"),
    "drowsy_blinks_perclos": ("drowsy blinks and heavy lids", "眨眼困倦且眼皮沉重"),
    "distraction": ("not looking at the road", "未注视道路"),
    "glance": ("a glance away", "视线偏离"),
    "long_glance": ("a long glance away", "视线长时间偏离"),
    "many_glances": ("looking away too often", "视线频繁偏离"),
    "not_attending": ("not attending to the road", "未注意道路"),
    "microsleep": ("microsleep", "微睡眠"),
    "sleep": ("asleep", "睡着"),
    "unresponsive": ("unresponsive", "无反应"),
    "drowsiness": ("drowsiness", "困倦"),
    "cannot_see_driver": ("cannot see the eyes", "看不到眼睛"),
    "distress": ("voices in distress", "痛苦的声音"),
    "coughing_fit": ("a fit of coughing", "连续咳嗽"),
    "breaking_sound": ("something breaks", "破碎声"),
    "alarm_sound": ("an alarm or siren", "警报声"),
    "mood_shift": ("mood below the usual", "情绪低于平常"),
    "agitation": ("agitation", "躁动"),
    "group_mood": ("the group's mood below its usual", "群体情绪低于平常"),
    "sudden": ("sudden", "突然"),
    "sustained": ("lasting", "持续"),
    "voice": ("voices", "声音"),
    "crying": ("crying", "哭声"),
    "screaming": ("screaming", "尖叫"),
    "coughing": ("coughing", "咳嗽"),
    "breaking": ("glass or a crash", "玻璃或撞击声"),
    "alarm": ("an alarm or siren", "警报或警笛"),
    "source_lost": ("source lost", "信号丢失"),
    "long": ("long closure", "长闭眼"),
    # why a face cannot be used
    "no_face": ("no face", "没有人脸"),
    "upside_down": ("picture upside down", "画面倒置"),
    "too_small": ("face too small", "人脸过小"),
    "turned_away": ("turned away", "转向一侧"),
    "dark": ("too dark", "光线过暗"),
    "blurred": ("blurred", "图像模糊"),
    "eyes_hidden": ("eyes hidden", "眼睛被遮挡"),
    "lids_unclear": ("open or shut: unclear", "睁闭不明"),
    "baseline": ("still learning this person's open eye", "正在学习此人睁眼的样子"),
    # sources and stages, and how they are
    "camera": ("camera", "摄像头"),
    "microphone": ("microphone", "麦克风"),
    "file": ("file", "文件"),
    "fatigue": ("fatigue", "疲劳判定"),
    "vision": ("face analysis", "人脸分析"),
    "speech": ("speech detection", "语音检测"),
    "audio_events": ("sounds told apart", "声音事件"),
    "prosody": ("tone of voice", "语调分析"),
    "asr": ("speech recognition", "语音识别"),
    "text": ("text sentiment", "文本情感"),
    "storage": ("storage", "存储"),
    "lost": ("lost", "丢失"),
    "absent": ("absent", "缺失"),
    "audio": ("voice", "声音"),
    # names of figures
    "state": ("State", "当前状态"),
    "level": ("Level", "等级"),
    "openness": ("Eyes open", "睁眼程度"),
    "perclos_60": ("PERCLOS 60 s", "PERCLOS 60 秒"),
    "perclos_180": ("PERCLOS 180 s", "PERCLOS 180 秒"),
    "valid_ratio": ("Eyes judged, last 60 s", "近 60 秒可判定比例"),
    "affect": ("Affect", "情绪"),
    "score": ("Affect score", "情绪得分"),
    "alerts": ("Alerts", "警报"),
    "missing": ("Absent or lost", "缺失或丢失"),
    "timeline": ("Timeline", "时间线"),
    "window": ("Shown", "显示范围"),
    "start": ("Start", "开始"),
    "duration": ("Duration", "持续时间"),
    "evidence": ("Evidence", "依据"),
    "alert": ("Alert", "警报"),
    "words": ("Words", "话语"),
    "length": ("Length", "时长"),
    "people": ("People seen", "出现人数"),
    "usable": ("Time judged", "可判定时间占比"),
    "perclos_mean": ("PERCLOS mean", "PERCLOS 平均"),
    "perclos_max": ("PERCLOS highest", "PERCLOS 最高"),
    "score_mean": ("Affect mean", "情绪平均得分"),
    "blinks": ("Blinks", "眨眼"),
    "closures": ("Long closures", "长闭眼次数"),
    "yawn_count": ("Yawns", "哈欠"),
    "nods": ("Nods", "点头"),
    "utterances": ("Utterances", "话语段数"),
    "emotions": ("Shares of emotions", "情绪占比"),
    "gravest": ("Gravest level", "最高等级"),
    "per_level": ("Time at each level", "各等级时长"),
    "validity": ("What could be judged", "可判定情况"),
    "method": ("Method and caveats", "方法与说明"),
    "report": ("Report", "报告"),
    "dashboard": ("EMVAS Edge", "EMVAS Edge 边缘监测"),
    "other_language": ("Language", "语言"),
    "nothing_missing": ("nothing", "无"),
    "no_alerts": ("No alert.", "没有警报。"),
    "lasting": ("not ended", "未结束"),
    "minutes": ("{n} min", "{n} 分钟"),
    "hours": ("{n} h", "{n} 小时"),
    # what an alert rests on
    "evidence_track": ("person", "人员"),
    "evidence_perclos_60": ("PERCLOS 60 s", "PERCLOS 60 秒"),
    "evidence_perclos_180": ("PERCLOS 180 s", "PERCLOS 180 秒"),
    "evidence_valid_ratio": ("judged", "可判定"),
    "evidence_baseline": ("own open eye", "睁眼基线"),
    "evidence_yawns": ("yawns", "哈欠"),
    "evidence_closed_s": ("closed for", "闭眼"),
    "evidence_source": ("source", "来源"),
    "evidence_detail": ("because", "原因"),
    "learning": ("still learning the straight ahead", "正在学习正前方"),
    "head_only": ("judged by the head alone", "仅按头部姿态判定"),
    # sentences
    "no_timeline": (
        "There is no timeline yet at {path}. `emvas run` writes it; this page shows it as soon as it is there.",
        "{path} 处还没有时间线。`emvas run` 会写入，出现后本页自动显示。",
    ),
    "unreadable": ("The timeline cannot be read: {error}", "无法读取时间线：{error}"),
    "stale": (
        "Nothing was written for {age}: is the box running? What follows is history.",
        "已有 {age} 没有新数据：设备是否在运行？以下为历史数据。",
    ),
    "fresh": ("Live: last record {age} ago.", "实时：最近一条记录在 {age} 前。"),
    "never_heard": (
        "Nothing was ever heard of this box: is it running, and is this its timeline?",
        "从未收到此设备的任何数据：它在运行吗？这是它的时间线吗？",
    ),
    "nobody": ("Nobody is in view.", "画面中没有人。"),
    "no_person": ("No state of a person is on record.", "没有个人状态记录。"),
    "empty_report": ("This recording holds no record at all.", "该录制没有任何记录。"),
    "no_faces_recorded": (
        "No faces are on record: there was no picture, or the purpose of the box withholds them.",
        "没有人脸记录：没有画面，或设备用途不允许输出。",
    ),
    "never_usable": (
        "No face could be judged in the whole recording: nothing is known about fatigue.",
        "整个录制中没有可判定的人脸：疲劳状况未知。",
    ),
    "no_speech": (
        "No speech is on record: nobody spoke, there was no sound, or the purpose of the box withholds it.",
        "没有语音记录：无人说话、没有声音，或设备用途不允许输出。",
    ),
    "no_affect": (
        "No affect is on record: there was nothing to judge it by, or the purpose of the box withholds it.",
        "没有情绪记录：缺少判断依据，或设备用途不允许输出。",
    ),
    "no_perclos": (
        "PERCLOS is unknown: too little of the time could be judged.",
        "PERCLOS 未知：可判定的时间过少。",
    ),
    "method_estimates": (
        "All figures are estimates by models from pictures and sound. They are no diagnosis, this is not a medical "
        "device, and no decision about a person should rest on them alone.",
        "所有数值均为模型根据画面和声音的估计，不构成诊断；本设备不是医疗器械，不应仅凭这些数值对任何人做决定。",
    ),
    "method_perclos": (
        "PERCLOS is the share of the judged time in which the lids were down, blinks left out, over 60 and 180 s. "
        "Openness is relative to the person's own open eye, which is learned first.",
        "PERCLOS 是可判定时间内眼睑闭合的比例（不含眨眼），分别按 60 秒和 180 秒计算。睁眼程度相对于本人的睁眼基线。",
    ),
    "method_unknown": (
        "What cannot be seen counts neither as open nor as closed.",
        "看不到的时间既不算睁眼，也不算闭眼。",
    ),
    "method_affect": (
        "The affect score runs from -1 (negative) to 1 (positive); a word names a range of that one number. Shares "
        "are of the judged time. What people show or say is not what they feel.",
        "情绪得分从 -1（消极）到 1（积极），每个词对应得分的一个区间；占比按可判定时间计算。外在表现不等于内心感受。",
    ),
    "method_people": (
        "With several people the timeline shows the gravest state; a person who leaves and returns may count twice.",
        "多人时时间线显示最严重的状态；离开后返回的人可能被重复计数。",
    ),
}
_WORDS |= PAGE_WORDS
_WORDS |= REPORT_WORDS
_WORDS |= {word.en: (word.en, word.zh) for word in (*EMOTIONS, *POLARITIES)}


def language_of(accepted: str) -> Language:
    """The language for a browser's `Accept-Language`: Chinese where it comes first, else English."""
    return "zh" if accepted.lower().startswith("zh") else "en"


class Labels:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, otherwise: str | None = None, **values: object) -> str:
        """The word for `key`, with `values` filled in; `otherwise`, or the key, where the table has none."""
        if key not in _WORDS:
            return key if otherwise is None else otherwise
        return _WORDS[key][self._column].format(**values)

    def length(self, length_s: float, whole: bool = False) -> str:
        """A length of time: `4.2 s`, `3:07`, `1:02:03`; `whole` seconds for what is read while it runs: `4 s`."""
        if whole and round(length_s) < 60:
            return f"{length_s:.0f} s"
        if round(length_s, 1) < 60:
            return f"{length_s:.1f} s"
        minutes, seconds = divmod(round(length_s), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
