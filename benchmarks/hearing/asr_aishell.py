"""Our Whisper against faster-whisper with the same weights: errors, CPU time, and words heard where there are none.

    python -m benchmarks.hearing.asr_aishell --bundle build/bundle --data ../shared/data [--every 4] [--json OUT]

Both run in the same process, utterance by utterance in turn, int8 on one thread; CPU time is user and system time of
the process while each was at work. The peer's model folder is made from the archives of the recipe.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
import numpy as np
from faster_whisper import WhisperModel as FasterWhisper
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.evidence import write_json
from benchmarks.hearing.character_error import corpus_error_rate
from benchmarks.hearing.noises import noises, pauses
from edge.bundle.bundle import Bundle
from edge.config.perception import SpeechConfig
from edge.messages import SAMPLE_RATE_HZ, Float32, Utterance
from edge.speech.transcriber import WhisperTranscriber
from export.fetch import PinnedArchives, default_cache
from export.recipe import read_recipe
from export.roles.asr import peer_folder
from export.sample_speech import read_speech

_LONGEST_S = 28.0
_PAUSE_S = 5.0
_NOISES_S = (2.0, 6.0, 14.0)
_LEVELS_DB = (-80.0, -60.0, -40.0, -20.0, -10.0)

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
    transcripts: list[str] = field(default_factory=list, repr=False)


@click.command()
@click.option("--bundle", "bundle_dir", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="The shared data folder.")
@click.option("--recipe", type=click.Path(path_type=Path), default=Path("configs/bundles/default.yaml"))
@click.option("--every", default=1, show_default=True, help="Take every n-th utterance.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here.")
def main(bundle_dir: Path, data: Path, recipe: Path, every: int, json_path: Path | None) -> None:
    """Compare on the AISHELL-1 speaker of the data folder."""
    folder = data / "aishell_S0150"
    lines = (folder / "text.tsv").read_text(encoding="utf-8").splitlines()[::every]
    names, references = zip(*(line.split("\t") for line in lines), strict=True)
    recordings = [read_speech(folder / name, _LONGEST_S) for name in names]
    bundle = Bundle(bundle_dir)
    silent = {f"pause {n}": sound for n, sound in enumerate(pauses(bundle, recordings, _PAUSE_S))}
    for duration_s in _NOISES_S:
        silent.update(noises(duration_s, _LEVELS_DB))
    with tempfile.TemporaryDirectory() as work:
        ours = _ours(bundle)
        scores = _run({**ours, **_peers(recipe, Path(work) / "peer")}, recordings)
    false_words = _false_words(ours["ours, auto"], silent)
    seconds = sum(map(len, recordings)) / SAMPLE_RATE_HZ
    for score in scores:
        score.cer = corpus_error_rate(zip(references, score.transcripts, strict=True))
        score.cpu_per_sound_s = score.cpu_s / seconds
    _print(scores, len(recordings), seconds)
    click.echo(f"ours, auto: words in {len(false_words)} of {len(silent)} pauses and noises {false_words or ''}")
    if json_path:
        figures = {
            "utterances": len(recordings),
            "sound_s": seconds,
            "systems": [asdict(score) for score in scores],
            "sounds_without_words": len(silent),
            "false_words": false_words,
        }
        write_json(json_path, figures)


def _ours(bundle: Bundle) -> dict[str, System]:
    def system(transcriber: WhisperTranscriber) -> System:
        def hear(samples: Float32) -> str:
            transcript = transcriber.transcribe(Utterance(0.0, len(samples) / SAMPLE_RATE_HZ, samples))
            return transcript.text if transcript else ""

        return hear

    return {
        f"ours, {name}": system(WhisperTranscriber(bundle, config))
        for name, config in (("zh", SpeechConfig(languages=["zh"])), ("auto", SpeechConfig()))
    }


def _peers(recipe: Path, folder: Path) -> dict[str, System]:
    read = read_recipe(recipe)
    archives = PinnedArchives(read.archives, default_cache(), {})
    model = FasterWhisper(
        str(peer_folder(archives, folder, read.options("asr"))), device="cpu", compute_type="int8", cpu_threads=1
    )

    def system(beams: int) -> System:
        def hear(samples: Float32) -> str:
            return "".join(segment.text for segment in model.transcribe(samples, beam_size=beams, language="zh")[0])

        return hear

    return {f"faster-whisper, zh, beam {beams}": system(beams) for beams in (5, 1)}


def _run(systems: Mapping[str, System], recordings: list[Float32]) -> list[Score]:
    scores = [Score(name) for name in systems]
    for system in systems.values():
        system(np.zeros(SAMPLE_RATE_HZ, np.float32))  # warm
    for samples in track(recordings, "speech", console=Console(stderr=True)):
        for score, system in zip(scores, systems.values(), strict=True):
            start = time.process_time()
            score.transcripts.append(system(samples))
            score.cpu_s += time.process_time() - start
            score.unheard += not score.transcripts[-1]
    return scores


def _false_words(system: System, silent: Mapping[str, Float32]) -> dict[str, str]:
    sounds = track(silent.items(), "no speech", console=Console(stderr=True))
    return {name: words for name, samples in sounds if (words := system(samples))}


def _print(scores: list[Score], utterances: int, seconds: float) -> None:
    title = f"{utterances} utterances, {seconds:.0f} s"
    table = Table("system", "CER", "CPU s", "CPU s a second", "unheard", title=title)
    for score in scores:
        figures = f"{score.cer:.4f}", f"{score.cpu_s:.1f}", f"{score.cpu_per_sound_s:.3f}", str(score.unheard)
        table.add_row(score.system, *figures)
    Console().print(table)


if __name__ == "__main__":
    main()
