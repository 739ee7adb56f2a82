"""The accuracy of audio events: `python -m benchmarks.hearing.audio_events --bundle DIR --data DIR`.

Crying, laughter, sirens and breaking glass by source recording, thresholds chosen on one half of the sources and shown
on the other, and false events in hours of speech, music, engines and classrooms. 10 minutes on two cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.evidence import write_page
from benchmarks.hearing.audio_events_page import page
from benchmarks.hearing.distress_sounds import at, sound_of
from benchmarks.hearing.noisy_hours import KINDS, Pool, noisy
from edge.bundle.bundle import Bundle
from edge.messages import SAMPLE_RATE_HZ, Audio, Float32
from edge.speech.audio_events import RULES, AudioAnomalies, AudioEvents, AudioEventScores

_LABELS = {
    "cry": "crying",
    "laugh": "laughter",
    "3-51376": "alarm", "3-51909": "alarm", "3-62878": "alarm",
    "3-216280": "breaking", "3-216281": "breaking", "3-216284": "breaking", "4-204115": "breaking",
}  # fmt: skip
"""Folder, or the file of ESC-50 that its own table calls `siren` or `glass_breaking`."""
_UNSURE = ("2-72688", "4-204119", "4-204121", "4-204123")
"""Files of `noise` that sound like one of the above and whose label in ESC-50 was not at hand: not counted."""
_CATS = ("1-56380", "2-69131")
"""They count among the clips; no hour of a cab or a classroom holds a cat."""
_ACTED = {"emodb/angry": "*.flac", "emodb/sad": "*.flac", "ravdess": "*/03-01-0[3-6]-02-*.opus", "casia_zh": "*/*.flac"}
_ACTED_EACH = 120
_SPEECH = ("aishell_S0150/*.flac", "aishell_S0150/*.opus", "emodb/*/*.flac", "casia_zh/*/*.flac", "ravdess/*/*.opus")
_BOOTSTRAPS = 1000
_STEPS = (-0.2, -0.1, 0.0, 0.1)
_SEED = 2
"""Other mixtures than those by which the rules were chosen: seed 0 showed dogs and horns told wrongly, 4 h of seed 1
chose the rivals of crying and its threshold."""
_HOURS = 2.75
"""Of each of the four kinds of sound: 11 together."""

Clip = tuple[str, str, dict[str, float]]
"""Source recording, true class (`other` for none of ours), and the highest evidence of each class in it."""


def measure(bundle: Bundle, data: Path, hours: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Every figure of the page."""
    say("classes")
    clips = _clips(bundle, data / "audio_events")
    say("acted speech")
    acted = {name: _acted(bundle, sorted((data / name).glob(files))) for name, files in _ACTED.items()}
    found: dict[str, Any] = {
        "classes": {name: _class(clips, name) for name in ("crying", "laughter", "alarm", "breaking")},
        "acted": acted,
    }
    speech = [path for files in _SPEECH for path in sorted(data.glob(files))]
    pool = Pool(speech, _others(data / "audio_events"))
    found["hours"] = {kind: _false_events(bundle, noisy(kind, pool, hours, _SEED), hours, say) for kind in KINDS}
    return found


def evidence(bundle: Bundle, sound: Float32) -> dict[str, float]:
    """The highest evidence of each class within one sound, heard by an ear that knows nothing of the room yet."""
    events, unusual = AudioEvents(bundle), AudioAnomalies()
    highest = dict.fromkeys(RULES, 0.0)
    for heard in events.step(Audio(0.0, sound)):
        unusual.hear([heard])
        highest = {name: max(value, unusual.evidence(name)) for name, value in highest.items()}
    return highest


def _clips(bundle: Bundle, folder: Path) -> list[Clip]:
    rows = [line.split("\t") for line in (folder / "sources.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    return [
        (source, _label(name), evidence(bundle, sound_of(folder / name)))
        for name, _, source in rows
        if not any(part in name for part in _UNSURE)
    ]


def _label(name: str) -> str:
    return next((label for part, label in _LABELS.items() if part in name), "other")


def _others(folder: Path) -> list[Path]:
    """Traffic, animals and tools: what is none of our classes and sounds like none."""
    paths = sorted((folder / "noise").glob("*.opus"))
    left_out = (*_UNSURE, *_CATS)
    return [path for path in paths if _label(path.name) == "other" and not path.name.startswith(left_out)]


def _acted(bundle: Bundle, paths: Sequence[Path]) -> dict[str, Any]:
    """How many utterances of actors pass each threshold of a voice."""
    chosen = paths[:: max(1, len(paths) // _ACTED_EACH)]
    highest = [evidence(bundle, at(sound_of(path), -20.0)) for path in chosen]
    voices = ("crying", "screaming", "laughter", "coughing")
    told = {name: sum(one[name] >= RULES[name].threshold for one in highest) for name in voices}
    return {
        "utterances": len(chosen),
        "told": told,
        "most": {name: max(one[name] for one in highest) for name in voices},
    }


def _class(clips: Sequence[Clip], name: str) -> dict[str, Any]:
    sources = sorted({source for source, label, _ in clips if label == name})
    others = sorted({source for source, label, _ in clips if label != name})
    halves = [set(sources[::2]) | set(others[::2]), set(sources[1::2]) | set(others[1::2])]
    chosen = _best([clip for clip in clips if clip[0] in halves[0]], name)
    held = [clip for clip in clips if clip[0] in halves[1]] if len(sources) > 1 else list(clips)
    return {
        "clips": sum(label == name for _, label, _ in clips),
        "sources": len(sources),
        "others": sum(label != name for _, label, _ in clips),
        "auc": _auc(clips, name),
        "interval": _interval(clips, name),
        "held_out_auc": _auc(held, name) if len(sources) > 1 else None,
        "best_on_one_half": chosen,
        "threshold": RULES[name].threshold,
        "on_the_other_half": [_at(held, name, round(RULES[name].threshold + step, 2)) for step in _STEPS],
    }


def _auc(clips: Sequence[Clip], name: str) -> float:
    positive = np.array([found[name] for _, label, found in clips if label == name])
    negative = np.array([found[name] for _, label, found in clips if label != name])
    greater = (positive[:, None] > negative).mean() + (positive[:, None] == negative).mean() / 2
    return float(greater)


def _interval(clips: Sequence[Clip], name: str) -> tuple[float, float]:
    """Of 95 %, over source recordings drawn anew."""
    by_source: dict[str, list[Clip]] = {}
    for clip in clips:
        by_source.setdefault(clip[0], []).append(clip)
    generator, found = np.random.default_rng(0), []
    for _ in range(_BOOTSTRAPS):
        drawn = [clip for source in generator.choice(list(by_source), len(by_source)) for clip in by_source[source]]
        if {label == name for _, label, _ in drawn} == {True, False}:
            found.append(_auc(drawn, name))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def _best(clips: Sequence[Clip], name: str) -> float:
    """The threshold of the best mean of hits and of what is rightly let pass; of equals the middle one."""
    steps = np.round(np.arange(0.05, 1.0, 0.05), 2)
    worth = [(one["hits"] + 1 - one["false"]) / 2 for one in (_at(clips, name, step) for step in steps)]
    return float(np.median(steps[np.isclose(worth, max(worth))]))


def _at(clips: Sequence[Clip], name: str, threshold: float) -> dict[str, float]:
    hits = [found[name] >= threshold for _, label, found in clips if label == name]
    false = [found[name] >= threshold for _, label, found in clips if label != name]
    return {"threshold": float(threshold), "hits": float(np.mean(hits)), "false": float(np.mean(false))}


def _false_events(
    bundle: Bundle, stream: Iterator[Float32], hours: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """How often each event begins where none is."""
    events, unusual = AudioEvents(bundle), AudioAnomalies()
    begun, going = dict.fromkeys(RULES, 0), set[str]()
    most = dict.fromkeys(RULES, 0.0)
    t_s, judged, spent_s = 0.0, 0, 0.0
    for sound in stream:
        start_s = time.process_time()
        heard: list[AudioEventScores] = events.step(Audio(t_s, sound))
        spent_s += time.process_time() - start_s
        t_s += len(sound) / SAMPLE_RATE_HZ
        for one in heard:
            judged += bool(one.scores)
            unusual.hear([one])
            most = {name: max(value, unusual.evidence(name)) for name, value in most.items()}
            for name in unusual.going - going:
                begun[name] += 1
                say(f"{name} at {one.t_s:.0f} s: {unusual.evidence(name):.2f}")
            going = set(unusual.going)
    return {
        "hours": t_s / 3600,
        "begun": begun,
        "most": most,
        "judged_s": 0.48 * judged,
        "ms_a_second": 1000 * spent_s / t_s,
    }


@click.command()
@click.option("--bundle", type=click.Path(path_type=Path, exists=True), required=True, help="A bundle with the role.")
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="The shared data.")
@click.option("--hours", default=_HOURS, show_default=True, help="Hours of each kind of noise.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/evidence"), show_default=True)
def main(bundle: Path, data: Path, hours: float, out: Path) -> None:
    """Measure, and write audio_events.json and .md."""
    found: Mapping[str, Any] = measure(Bundle(bundle), data, hours, lambda text: click.echo(text, err=True))
    write_page(out, "audio_events", found, page(found))
    click.echo(page(found))


if __name__ == "__main__":
    main()
