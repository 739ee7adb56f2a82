"""Our Whisper against faster-whisper with the same weights: errors, CPU time, and words heard where there are none.

    python -m benchmarks.hearing.asr_aishell --bundle build/bundle --data ../shared/data [--every 4] [--out FOLDER]

Both run in the same process, utterance by utterance in turn, int8 on one thread; CPU time is user and system time of
the process while each was at work. The peer's model folder is made from the archives of the recipe. Without words are
noises of several colours, lengths and levels, and the pauses of the recordings.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
from faster_whisper import WhisperModel as FasterWhisper
from rich.console import Console
from rich.progress import track

from benchmarks.evidence import markdown_table, write_json, write_page
from benchmarks.hearing.character_error import character_edits
from benchmarks.hearing.noises import noises, pauses
from edge.bundle.bundle import Bundle
from edge.config.perception import SpeechConfig
from edge.messages import SAMPLE_RATE_HZ, Float32, Utterance
from edge.speech.transcriber import WhisperTranscriber
from edge.speech.whisper import BEAMS
from export.fetch import PinnedArchives, default_cache
from export.gate.paired import ErrorCounts, paired_difference
from export.recipe import read_recipe
from export.report.machine import machine
from export.roles.asr import peer_folder
from export.sample_speech import read_speech

_LONGEST_S = 28.0
_PAUSE_S = 5.0
_NOISES_S = (2.0, 6.0, 14.0)
_LEVELS_DB = (-80.0, -60.0, -40.0, -20.0, -10.0)

_OURS, _PEER = "ours, language found", f"faster-whisper, zh given, beam {BEAMS}"
_HEADS = ("system", "character error rate", "CPU s", "CPU s a second of sound", "without any word")

System = Callable[[Float32], str]


@dataclass
class Score:
    """What one system did."""

    system: str
    cer: float = 0.0
    cpu_s: float = 0.0
    cpu_per_sound_s: float = 0.0
    unheard: int = 0
    """Utterances without any word."""
    edits: list[int] = field(default_factory=list, repr=False)
    """Wrong characters of each utterance."""


@click.command()
@click.option("--bundle", "bundle_dir", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="The shared data folder.")
@click.option("--recipe", type=click.Path(path_type=Path), default=Path("configs/bundles/default.yaml"))
@click.option("--every", default=1, show_default=True, help="Take every n-th utterance.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here.")
@click.option("--out", type=click.Path(path_type=Path), help="Write asr_aishell.json and .md into this folder.")
def main(bundle_dir: Path, data: Path, recipe: Path, every: int, json_path: Path | None, out: Path | None) -> None:
    """Compare on the AISHELL-1 speaker of the data folder."""
    figures = measure(Bundle(bundle_dir), data / "aishell_S0150", recipe, every)
    _print(figures)
    if json_path:
        write_json(json_path, figures)
    if out:
        write_page(out, "asr_aishell", figures, page(figures))


def measure(bundle: Bundle, folder: Path, recipe: Path, every: int) -> dict[str, Any]:
    """Every figure of the page."""
    lines = (folder / "text.tsv").read_text(encoding="utf-8").splitlines()[::every]
    names, references = zip(*(line.split("\t") for line in lines), strict=True)
    recordings = [read_speech(folder / name, _LONGEST_S) for name in names]
    silent = {f"pause {n}": sound for n, sound in enumerate(pauses(bundle, recordings, _PAUSE_S))}
    for duration_s in _NOISES_S:
        silent.update(noises(duration_s, _LEVELS_DB))
    begun = machine()
    with tempfile.TemporaryDirectory() as work:
        ours = _ours(bundle)
        scores = _run({_OURS: ours, _PEER: _peer(recipe, Path(work) / "peer")}, recordings, references)
    seconds = sum(map(len, recordings)) / SAMPLE_RATE_HZ
    lengths = [character_edits(reference, "")[1] for reference in references]
    for score in scores:
        score.cer = sum(score.edits) / sum(lengths)
        score.cpu_per_sound_s = score.cpu_s / seconds
    first, other = scores
    return {
        "machine": begun,
        "utterances": len(recordings),
        "sound_s": seconds,
        "systems": [asdict(score) for score in scores],
        "difference": asdict(paired_difference(ErrorCounts(first.edits, lengths), ErrorCounts(other.edits, lengths))),
        "cpu_ratio": first.cpu_s / other.cpu_s,
        "sounds_without_words": len(silent),
        "pauses": sum(name.startswith("pause") for name in silent),
        "false_words": _false_words(ours, silent),
    }


def page(figures: Mapping[str, Any]) -> str:
    """Markdown."""
    about, apart, false = figures["machine"], figures["difference"], figures["false_words"]
    return f"""# Mandarin speech beside faster-whisper

Made by `python -m benchmarks.hearing.asr_aishell --out docs/evidence` on {about["cpu"]}; load when it began:
{about["load_1_min"]} on {about["cores"]} cores. Both use the same weights (Whisper-base), int8 and one thread, in turn
in the same process. The CPU time is that of the process, so other work on the machine lengthens both.

{figures["utterances"]} utterances of AISHELL-1, speaker S0150, {figures["sound_s"]:.0f} s. This speaker was not trained
on. One speaker says nothing about others.

{_table(figures)}
{_OURS} has {100 * apart["estimate"]:+.2f} points of character error against {_PEER} (95 % over utterances drawn anew:
{100 * apart["low"]:+.2f} to {100 * apart["high"]:+.2f}), at {figures["cpu_ratio"]:.2f} of its CPU time.

## Sound without speech
{figures["pauses"]} pauses of the recordings, 5 s each, and {figures["sounds_without_words"] - figures["pauses"]} noises
of 2, 6 and 14 s: white, pink, brown, a mains hum, silence, at five levels. They are given to the recognizer directly,
without the voice detector before it.

**{len(false)} of {figures["sounds_without_words"]} got words.**{_invented(false)}
"""


def _invented(false: Mapping[str, str]) -> str:
    return "".join(f"\n\n- {name}: {words}" for name, words in false.items())


def _ours(bundle: Bundle) -> System:
    """As the box is configured: it finds the language, where the peer is given it."""
    transcriber = WhisperTranscriber(bundle, SpeechConfig())

    def hear(samples: Float32) -> str:
        transcript = transcriber.transcribe(Utterance(0.0, len(samples) / SAMPLE_RATE_HZ, samples))
        return transcript.text if transcript else ""

    return hear


def _peer(recipe: Path, folder: Path) -> System:
    read = read_recipe(recipe)
    archives = PinnedArchives(read.archives, default_cache(), {})
    model = FasterWhisper(
        str(peer_folder(archives, folder, read.options("asr"))), device="cpu", compute_type="int8", cpu_threads=1
    )

    def hear(samples: Float32) -> str:
        return "".join(segment.text for segment in model.transcribe(samples, beam_size=BEAMS, language="zh")[0])

    return hear


def _run(systems: Mapping[str, System], recordings: Sequence[Float32], references: Sequence[str]) -> list[Score]:
    scores = [Score(name) for name in systems]
    for system in systems.values():
        system(np.zeros(SAMPLE_RATE_HZ, np.float32))  # warm
    spoken = list(zip(recordings, references, strict=True))
    for samples, reference in track(spoken, "speech", console=Console(stderr=True)):
        for score, system in zip(scores, systems.values(), strict=True):
            start = time.process_time()
            heard = system(samples)
            score.cpu_s += time.process_time() - start
            score.unheard += not heard
            score.edits.append(character_edits(reference, heard)[0])
    return scores


def _false_words(system: System, silent: Mapping[str, Float32]) -> dict[str, str]:
    sounds = track(silent.items(), "no speech", console=Console(stderr=True))
    return {name: words for name, samples in sounds if (words := system(samples))}


def _table(figures: Mapping[str, Any]) -> str:
    rows = [
        (s["system"], f"{s['cer']:.4f}", f"{s['cpu_s']:.1f}", f"{s['cpu_per_sound_s']:.3f}", s["unheard"])
        for s in figures["systems"]
    ]
    return markdown_table(_HEADS, rows)


def _print(figures: Mapping[str, Any]) -> None:
    click.echo(_table(figures))
    false = figures["false_words"]
    click.echo(
        f"ours, auto: words in {len(false)} of {figures['sounds_without_words']} pauses and noises {false or ''}"
    )


if __name__ == "__main__":
    main()
