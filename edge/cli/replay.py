"""`emvas replay`: recordings in, one JSONL of messages each; what it shares with `emvas analyze`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edge.capture import CaptureError
from edge.capture.media import MediaFile
from edge.cli.box_folders import BUNDLE_HELP, open_bundle
from edge.config import Config, load_config
from edge.process import give_memory_back, own_files
from edge.runtime.perception_stages import LanguageModels
from edge.runtime.pipeline import Pipeline, ReplayReport, configured, replay_file, session_of
from edge.runtime.sinks import JsonlSink

_EXAMPLE = """\b
Example:
  emvas replay clip.mp4 --config configs/desk.yaml --bundle build/bundle --out out
"""
_VIDEO = ("avi", "flv", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ts", "webm", "wmv", "3gp")
_SOUND = ("aac", "flac", "m4a", "mp3", "ogg", "opus", "wav")
ENDINGS = frozenset(f".{name}" for name in (*_VIDEO, *_SOUND))
"""Endings of the recordings that are taken from a folder; a file given by name may have any ending."""


def stream_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that choose among several streams of a recording."""
    number = click.IntRange(min=1)
    sound = click.option(
        "--sound-stream", type=number, help="Number of the audio stream; default: the first that is not silent."
    )
    pictures = click.option("--picture-stream", type=number, help="Number of the video stream; default: the first.")
    return pictures(sound(command))


@click.command(epilog=_EXAMPLE)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--config", "config_path", required=True, type=click.Path(path_type=Path), help="YAML; see configs/.")
@click.option("--bundle", type=click.Path(path_type=Path), help=BUNDLE_HELP)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for one STEM.jsonl for each file."
)
@click.option("--jsonl", type=click.Path(path_type=Path), help="Write here instead; for a single file.")
@stream_options
@click.option("--realtime", is_flag=True, help="Replay at the speed of the recording.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def replay(
    files: tuple[Path, ...],
    config_path: Path,
    bundle: Path | None,
    out: Path | None,
    jsonl: Path | None,
    picture_stream: int | None,
    sound_stream: int | None,
    realtime: bool,
    as_json: bool,
) -> None:
    """Run video and audio FILES through the box, as fast as possible, and write its messages.

    Exit code 0: all files were read; 1: some could not be read whole (the others are done), or configuration, bundle
    or folder cannot be used; 2: wrong usage.
    """
    console = Console(stderr=True)
    targets = _targets(files, out, jsonl)
    own_files()
    config = load_config(config_path)
    make_folder(targets[files[0]].parent)
    recordings = RecordingReplayer(config, bundle, console, picture_stream, sound_stream)
    reports = [recordings.replay(path, target, realtime) for path, target in targets.items()]
    if as_json:
        click.echo(json.dumps([record(report, targets[report.path]) for report in reports], ensure_ascii=False))
    else:
        console.print(table(reports))
        written = [str(targets[report.path]) for report in reports if report.wall_s]
        if written:
            console.print(f"Next: emvas report {' '.join(written)}", highlight=False, soft_wrap=True)
    if any(report.faults for report in reports):
        raise SystemExit(1)


def _targets(files: tuple[Path, ...], out: Path | None, jsonl: Path | None) -> dict[Path, Path]:
    """Where each file's messages go."""
    if (out is None) == (jsonl is None):
        raise click.UsageError("say where to write: --out DIR for one STEM.jsonl each, or --jsonl FILE for one file")
    if out is not None:
        return targets_in(out, files)
    assert jsonl is not None
    expect_once(files)
    if len(files) > 1:
        raise click.UsageError(f"--jsonl takes one file, {len(files)} are given: use --out DIR")
    return {files[0]: jsonl}


class RecordingReplayer:
    """Replays recordings with one bundle and shared language models; faults are printed and the next file follows."""

    def __init__(
        self,
        config: Config,
        bundle: Path | None,
        console: Console,
        pictures: int | None = None,
        sound: int | None = None,
    ) -> None:
        """Open the bundle, and print why transcripts are missing, if they are.

        `pictures` and `sound` are the numbers of the streams to read, if they differ from the configuration.

        Raises:
            BundleError: the bundle is missing or cannot be trusted.
        """
        give_memory_back()
        self._config, self._console = config, console
        asked = configured(config)
        self._choice = replace(asked, pictures=pictures or asked.pictures, sound=sound or asked.sound)
        self._bundle = open_bundle(config, bundle)
        self._words = LanguageModels(self._bundle, config)
        if not config.allowance.words:
            self._print(
                f"Purpose {config.purpose.value} does not permit transcripts. Purpose research, with "
                "recorded consent, writes them (configs/desk.yaml)."
            )
        elif "asr" in self._words.absent:
            self._print(f"No transcripts are written: {self._words.absent['asr']}.")

    @property
    def bundle(self) -> Path:
        """The folder of the models."""
        return self._bundle.folder

    def replay(self, path: Path, target: Path, realtime: bool = False, place: str = "") -> ReplayReport:
        """Write the messages of `path` to `target`. A file that cannot be read is a fault in the report.

        `place` among several files is shown beside the name.
        """
        try:
            report = self._replay(path, target, realtime, place)
        except (CaptureError, OSError) as error:
            report = ReplayReport(path, faults=[str(error)])
        self.print_notes(report)
        return report

    def print_notes(self, report: ReplayReport) -> None:
        """Print the faults and notes about a file."""
        path = report.path
        for fault in report.faults:
            self._print(f"[red]{escape(path.name)}[/]: {escape(fault)}")
        for note in report.notes:
            self._print(f"{escape(path.name)}: {escape(note)}")

    def _replay(self, path: Path, target: Path, realtime: bool, place: str) -> ReplayReport:
        length_s = MediaFile(path, self._choice).duration_s
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.1f} s"))
        with Progress(
            *columns,
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        ) as progress:
            bar = progress.add_task(f"{place} {path.name}".lstrip(), total=length_s)
            with (
                Pipeline(self._bundle, self._config, session_of(path), self._words) as pipeline,
                JsonlSink(target) as sink,
            ):
                return replay_file(
                    path, pipeline, [sink], realtime, lambda t_s: progress.update(bar, completed=t_s), self._choice
                )

    def _print(self, sentence: str) -> None:
        self._console.print(sentence, soft_wrap=True, highlight=False)


def recordings_of(places: Sequence[Path]) -> list[Path]:
    """The given files, and the recordings in the given folders, ordered by name.

    Raises:
        click.UsageError: a folder has no recording.
    """
    found: list[Path] = []
    for place in places:
        if not place.is_dir():
            found.append(place)
            continue
        inside = sorted(path for path in place.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
        if not inside:
            raise click.UsageError(
                f"{place}: this folder has no recording (known endings: {' '.join(sorted(ENDINGS))})"
            )
        found += inside
    return found


def targets_in(folder: Path, files: Sequence[Path]) -> dict[Path, Path]:
    """One STEM.jsonl for each file; files with the same stem are told apart by ending, then by folder."""
    expect_once(files)
    stems = Counter(path.stem for path in files)
    names = Counter(path.name for path in files)

    def name(path: Path) -> str:
        if stems[path.stem] == 1:
            return path.stem
        return path.name if names[path.name] == 1 else f"{path.resolve().parent.name}-{path.name}"

    named = {path: folder / f"{name(path)}.jsonl" for path in files}
    if len(set(named.values())) < len(files):
        raise click.UsageError(
            "two files of the same name would overwrite each other's output: give them in separate calls"
        )
    return named


def expect_once(files: Sequence[Path]) -> None:
    """Raise click.UsageError if a file is given twice."""
    if len(set(files)) < len(files):
        raise click.UsageError("a file is given twice")


def make_folder(folder: Path) -> None:
    """Make `folder`, or raise click.FileError with the reason."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.FileError(str(folder), f"{error.strerror}: choose a folder that can be written") from error


def table(reports: Sequence[ReplayReport]) -> Table:
    """The results of all files, as a table."""
    found = Table("file", "length", "frames", "with a face", "utterances", "alerts", "speed", box=None)
    for report in reports:
        if not report.wall_s:
            found.add_row(escape(report.path.name), "[red]unreadable[/]")
            continue
        share = "-" if report.face_share is None else f"{report.face_share:.0%}"
        counts = (str(report.frames), share, str(report.utterances), str(report.alerts))
        found.add_row(escape(report.path.name), f"{report.length_s:.1f} s", *counts, f"{report.speed:.1f} x real time")
    return found


def record(report: ReplayReport, target: Path) -> dict[str, object]:
    """The result of one file, for JSON; `jsonl` is None if it could not be read."""
    return {
        "file": str(report.path),
        "jsonl": str(target) if report.wall_s else None,
        "length_s": round(report.length_s, 3),
        "wall_s": round(report.wall_s, 3),
        "frames": report.frames,
        "face_share": report.face_share,
        "sound_s": round(report.sound_s, 3),
        "utterances": report.utterances,
        "alerts": report.alerts,
        "faults": report.faults,
        "notes": report.notes,
    }
