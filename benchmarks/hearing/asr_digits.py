"""Word error rate on strings of spoken digits, trained from nothing, and the time that it took.

    python -m benchmarks.hearing.asr_digits --data DIR/fsdd --out runs/fsdd --bundle build/bundle

The Free Spoken Digit Dataset has six speakers who said each digit twenty times. Strings of one speaker's takes with
short pauses: takes 5 to 17 are learnt, 18 and 19 choose the epoch, 0 to 4 are the test. With a bundle the model is
exported into a copy of it, and the box's own code reads the test strings as well.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
import wave
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch

from edge.bundle.bundle import Bundle
from edge.config.perception import SpeechConfig
from edge.messages import SAMPLE_RATE_HZ, Float32, Utterance
from edge.speech.transcriber import load_transcriber
from training.asr.evaluate import judge
from training.asr.manifest import SoundError, read_list, read_sound
from training.asr.metrics import error_rates
from training.asr.run import ctc_learner, train
from training.asr.settings import read_settings
from training.asr.sound_memory import SoundMemory
from training.asr.trainer import AsrPosition
from training.processes import place

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SETS = {"train": (range(5, 18), 1500), "valid": (range(18, 20), 100), "test": (range(5), 300)}
"""Takes and number of strings."""
_MOST_DIGITS = 8
_MOST_PAUSE_S = 0.25
_CONFIG = Path(__file__).resolve().parents[2] / "configs" / "training" / "asr" / "fsdd.yaml"


def make_list(data: Path, out: Path, name: str) -> Path:
    """Write the strings of a set as WAV files with their list; the same ones every time."""
    takes, count = SETS[name]
    rng = np.random.default_rng(sorted(SETS).index(name))
    speakers = sorted({path.stem.split("_")[1] for path in data.glob("*.flac")})
    if not speakers:
        raise SoundError(f"{data}: no DIGIT_SPEAKER_TAKE.flac there")
    sounds = {path.stem: read_sound(path) for path in data.glob("*.flac") if int(path.stem.split("_")[2]) in takes}
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for index in range(count):
        speaker = speakers[index % len(speakers)]
        digits = rng.integers(0, 10, rng.integers(1, _MOST_DIGITS + 1)).tolist()
        pieces = []
        for digit in digits:
            pieces += [_pause(rng), sounds[f"{digit}_{speaker}_{rng.choice(list(takes))}"]]
        _write_wave(np.concatenate([*pieces, _pause(rng)]), folder / f"{index:04d}.wav")
        lines.append(f"{name}/{index:04d}.wav\t{' '.join(WORDS[digit] for digit in digits)}\n")
    path = out / f"{name}.tsv"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _pause(rng: np.random.Generator) -> Float32:
    return np.zeros(int(rng.uniform(0.0, _MOST_PAUSE_S) * SAMPLE_RATE_HZ), np.float32)


def _write_wave(samples: Float32, path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def _cpu_s() -> float:
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def measure(lists: Sequence[Path], out: Path, config: Path) -> dict[str, object]:
    """Train, then read the test list; the clock stands while lists are made."""
    train_list, valid_list, test_list = lists
    settings = read_settings(config)
    start_s, start_cpu_s = time.monotonic(), _cpu_s()
    with place("cpu") as here:
        position, skipped = train(settings, train_list, valid_list, out / "run", here, watch=_watch)
        train_s, train_cpu_s = time.monotonic() - start_s, _cpu_s() - start_cpu_s
        learner = ctc_learner(out / "run" / "best.pt")
        judged = judge(learner, read_list(test_list).utterances, SoundMemory(0), 3000, here)
    return {
        "test": judged.rates.plain(),
        "train_s": round(train_s, 1),
        "train_cpu_s": round(train_cpu_s, 1),
        "threads": torch.get_num_threads(),
        "parameters": sum(parameter.numel() for parameter in learner.module.parameters()),
        "skipped": skipped,
        "epochs": position.history,
    }


def read_by_box(checkpoint: Path, test_list: Path, bundle: Path, out: Path) -> dict[str, float]:
    """Error rates of the exported model on whole strings, without voice activity detection."""
    emvas = (sys.executable, "-c", "from edge.cli.main import main; main()")
    words = ("export", "asr", checkpoint, "--into", bundle, "--out", out, "--variant", "fp32")
    subprocess.run([*emvas, *map(str, words)], check=True, stdout=sys.stderr)
    transcriber = load_transcriber(Bundle(out), SpeechConfig())
    pairs = []
    for utterance in read_list(test_list).utterances:
        heard = transcriber.transcribe(Utterance(0.0, utterance.duration_s, read_sound(utterance.path)))
        pairs.append((utterance.text, heard.text if heard else ""))
    return error_rates(pairs).plain()


def _watch(position: AsrPosition, batches: int) -> None:
    if position.batch == batches and position.history:
        click.echo(f"{_cpu_s():6.0f} CPU s  {position.history[-1]}", err=True)


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder of the FLAC files.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for strings and model.")
@click.option("--config", type=click.Path(path_type=Path), default=_CONFIG, show_default=True)
@click.option("--bundle", type=click.Path(path_type=Path), help="Let the box read with the exported model as well.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
def main(data: Path, out: Path, config: Path, bundle: Path | None, threads: int) -> None:
    """Make the strings, train, read the test strings, print the figures as JSON."""
    torch.set_num_threads(threads)
    lists = [make_list(data, out, name) for name in SETS]
    figures = measure(lists, out, config)
    if bundle is not None:
        figures["box"] = read_by_box(out / "run" / "best.pt", lists[-1], bundle, out / "bundle")
    click.echo(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
