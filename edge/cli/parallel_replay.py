"""Replays many recordings, several at a time: finished ones are skipped, and one line shows the progress of all."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from edge.bundle.bundle import sha256_of
from edge.bundle.manifest import MANIFEST_FILE
from edge.cli.replay import RecordingReplayer
from edge.config import Config
from edge.process import own_files
from edge.runtime.pipeline import ReplayReport, session_of

_DONE_FOLDER = ".done"
"""In the folder of the reports: one note for each recording, with the inputs of its JSONL."""


@dataclass(frozen=True, slots=True)
class ReplayWork:
    """How recordings are replayed, the same in every process."""

    config: Config
    bundle: Path
    pictures: int | None
    sound: int | None

    def key(self, path: Path) -> dict[str, str]:
        """All that a JSONL depends on: the content of the recording, the configuration and the models."""
        config = self.config.model_dump_json(exclude={"models": {"bundle"}})
        streams = f"{self.pictures} {self.sound}"
        manifest = sha256_of(self.bundle / MANIFEST_FILE)
        return {"recording": session_of(path), "config": config, "bundle": manifest, "streams": streams}


def replay_all(
    recordings: RecordingReplayer, work: ReplayWork, targets: Mapping[Path, Path], processes: int, console: Console
) -> list[ReplayReport]:
    """Replay each recording to its JSONL, at most `processes` at a time.

    Returns:
        One report for each recording, in their order; for a skipped recording its earlier report.
    """
    found = {path: done for path, target in targets.items() if (done := _done(work, path, target))}
    if found:
        console.print(f"{len(found)} of {len(targets)} are finished already and are skipped.", highlight=False)
    rest = {path: target for path, target in targets.items() if path not in found}
    made = (
        _one_by_one(recordings, rest)
        if min(processes, len(rest)) < 2
        else _at_once(recordings, work, rest, processes, console)
    )
    for report in made:
        _note_done(work, report, targets[report.path])
        found[report.path] = report
    return [found[path] for path in targets]


def _one_by_one(recordings: RecordingReplayer, rest: Mapping[Path, Path]) -> Iterator[ReplayReport]:
    for number, (path, target) in enumerate(rest.items(), start=1):
        yield recordings.replay(path, target, place=f"{number}/{len(rest)}" if len(rest) > 1 else "")


def _at_once(
    recordings: RecordingReplayer, work: ReplayWork, rest: Mapping[Path, Path], processes: int, console: Console
) -> Iterator[ReplayReport]:
    columns = (TextColumn("Recordings"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    context = multiprocessing.get_context("spawn")  # a forked process may hang, as onnxruntime has threads
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
        ProcessPoolExecutor(min(processes, len(rest)), context, initializer=_begin, initargs=(work,)) as pool,
    ):
        bar = progress.add_task("", total=len(rest))
        for future in as_completed([pool.submit(_replay, path, target) for path, target in rest.items()]):
            report = future.result()
            recordings.print_notes(report)
            progress.advance(bar)
            yield report


_own: list[RecordingReplayer] = []
"""The replayer of this process of the pool."""


def _begin(work: ReplayWork) -> None:
    """Open the models once in each process."""
    own_files()
    _own.append(RecordingReplayer(work.config, work.bundle, Console(quiet=True), work.pictures, work.sound))


def _replay(path: Path, target: Path) -> ReplayReport:
    return _own[0].replay(path, target)


def _note_file(target: Path) -> Path:
    return target.parent / _DONE_FOLDER / f"{target.stem}.json"


def _done(work: ReplayWork, path: Path, target: Path) -> ReplayReport | None:
    """The earlier report of a recording that was replayed whole, with the same configuration and models."""
    try:
        noted: dict[str, Any] = json.loads(_note_file(target).read_text(encoding="utf-8"))
        if not target.is_file() or noted["key"] != work.key(path):
            return None
        return ReplayReport(path, **noted["report"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _note_done(work: ReplayWork, report: ReplayReport, target: Path) -> None:
    """Note a recording that was read whole; others are tried again next time."""
    if report.wall_s and not report.faults:
        kept = dataclasses.asdict(report)
        del kept["path"]
        file = _note_file(target)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"key": work.key(report.path), "report": kept}), encoding="utf-8")
