"""Extracts the features of a data set into one file: the remaining clips are computed, then all are joined."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge.affect.feature_schema import TABLES, description
from edge.bundle.bundle import Bundle
from training.features.assemble import Sample, assemble
from training.features.clip import needed_roles
from training.features.dataset import Features, FeaturesError
from training.features.layout import DatasetRow, Problem, read_layout
from training.features.store import ClipStore
from training.features.workers import Job, WorkerSetup, run


@dataclass(frozen=True, slots=True)
class ExtractionRequest:
    """The request: data set, output, options."""

    dataset: Path
    bundle: Path
    out: Path
    transcribe: bool = False
    """Transcribe with the bundle, and ignore the text of the table."""
    workers: int | str = 1
    shard: tuple[int, int] = (1, 1)
    """Number of this part and of all parts of the rows."""

    @property
    def store(self) -> Path:
        """The folder of finished clips."""
        return self.out.with_name(f"{self.out.stem}.clips")

    @property
    def errors(self) -> Path:
        """The table of rows without a sample."""
        return self.out.with_name(f"{self.out.stem}.errors.csv")


@dataclass(frozen=True, slots=True)
class Result:
    """The result."""

    features: Features
    problems: tuple[Problem, ...]
    resumed: int
    """Clips that an earlier run has finished."""
    without_speech: int
    several_utterances: int


Progress = Callable[[int, int], None]
"""Called with the numbers of finished clips and of all clips."""


def extract(request: ExtractionRequest, progress: Progress = lambda done, total: None) -> Result:
    """Compute the features of a data set and write them, with the list of problems.

    Raises: FeaturesError: the table or the bundle cannot be used, or no clip gave features.
    """
    layout = read_layout(request.dataset, text_needed=not request.transcribe)
    part, parts = request.shard
    rows = layout.rows[part - 1 :: parts]
    meta = _meta(request)
    store = ClipStore(request.store, {key: meta[key] for key in ("features", "roles", "words")})
    targets, reasons = _targets(store, rows)
    jobs = {target: Job(row, target) for row, target in targets.items() if not _finished(store, target)}
    resumed = len(targets) - len(jobs)
    progress(resumed, len(targets))
    work = WorkerSetup(request.bundle, request.transcribe)
    failed: dict[Path, str] = {}
    for count, (job, reason) in enumerate(run(list(jobs.values()), work, request.workers), 1):
        failed |= {} if reason is None else {job.target: reason}
        progress(resumed + count, len(targets))
    reasons |= {row: failed[target] for row, target in targets.items() if target in failed}
    problems = [*layout.problems, *(Problem(str(layout.table), row.line, reason) for row, reason in reasons.items())]
    problems.sort(key=lambda problem: (problem.row is None, problem.row or 0))
    write_errors(request.errors, problems)
    finished = [(row, *store.load(target)) for row, target in targets.items() if row not in reasons]
    if not finished:
        reason = str(problems[0]) if problems else "the table has no rows"
        raise FeaturesError(f"{request.dataset}: none of its clips gave features; {reason}")
    samples = [Sample(row.id, row.split, about["text"], row.labels, kept) for row, kept, about in finished]
    features = assemble(samples, {name: table.width for name, table in TABLES.items()}, meta)
    features.save(request.out)
    spoken = [about["utterances"] for _, _, about in finished]
    return Result(features, tuple(problems), resumed, spoken.count(0), sum(count > 1 for count in spoken))


def _targets(store: ClipStore, rows: Sequence[DatasetRow]) -> tuple[dict[DatasetRow, Path], dict[DatasetRow, str]]:
    """The file of each clip's features, and the reason if a clip cannot be opened."""
    targets: dict[DatasetRow, Path] = {}
    reasons: dict[DatasetRow, str] = {}
    for row in rows:
        place = store.path(row)
        if isinstance(place, Path):
            targets[row] = place
        else:
            reasons[row] = place
    return targets, reasons


def write_errors(path: Path, problems: Sequence[Problem]) -> None:
    """Write the problems as CSV, atomically; without problems there is no file."""
    if not problems:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "row", "reason"))
        writer.writerows((problem.file, problem.row or "", problem.reason) for problem in problems)
    part.replace(path)


def _finished(store: ClipStore, target: Path) -> bool:
    try:
        store.load(target)
    except FeaturesError:
        return False
    return True


def _meta(request: ExtractionRequest) -> dict[str, Any]:
    """The description in a feature file; its numbers depend on `features`, `roles` and `words`."""
    bundle = Bundle(request.bundle)
    meta: dict[str, Any] = {
        "features": description(),
        "columns": {name: [column.name for column in table.columns] for name, table in TABLES.items()},
        "roles": {},
        "words": "heard by the bundle's recognizer" if request.transcribe else "given by label.csv",
        "bundle": f"{bundle.manifest.name} {bundle.manifest.version}",
        "emvas": version("emvas-edge"),
        "dataset": request.dataset.resolve().name,
    }
    for role in needed_roles(request.transcribe):
        if bundle.has(role):
            variant = bundle.role(role).variants[bundle.variant_name(role)]
            meta["roles"][role] = {name: graph.sha256 for name, graph in variant.graphs.items()}
    if request.shard[1] > 1:
        meta["shard"] = "{}/{}".format(*request.shard)
    return meta
