"""Computes clips in this process, in several, or on a Ray cluster; the results go through files."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bundle.bundle import Bundle
from edge.error import EmvasError
from training.features.clip import ClipReader
from training.features.dataset import FeaturesError
from training.features.layout import DatasetRow
from training.features.store import ClipStore


@dataclass(frozen=True, slots=True)
class Job:
    """One clip, and the file for its features."""

    row: DatasetRow
    target: Path


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """The settings of a worker."""

    bundle: Path
    transcribe: bool


class ClipWorker:
    """Computes clips, one after the other."""

    def __init__(self, work: WorkerSetup) -> None:
        self._reader = ClipReader(Bundle(work.bundle), work.transcribe)

    def do(self, job: Job) -> str | None:
        """Compute and store one clip; return the reason of a failure, or None."""
        try:
            clip = self._reader.read(job.row.path, job.row.text)
        except (EmvasError, OSError, ValueError) as error:
            return " ".join(str(error).split())
        ClipStore(job.target.parent, {}).save(job.target, clip)
        return None

    def numbered(self, number: int, job: Job) -> tuple[int, str | None]:
        """The same with the job's number, for a pool that returns results in the order of completion."""
        return number, self.do(job)


Done = Iterator[tuple[Job, str | None]]
"""Each job when it is finished, with the reason of a failure."""


def run(jobs: Sequence[Job], work: WorkerSetup, workers: int | str) -> Done:
    """Do the jobs with this many processes (1: this one), or with `ray` on the whole cluster."""
    if not jobs:
        return iter(())
    if workers == "ray":
        return _on_ray(jobs, work)
    count = min(int(workers), len(jobs))
    return _here(jobs, work) if count == 1 else in_processes(jobs, work, count)


def _here(jobs: Sequence[Job], work: WorkerSetup) -> Done:
    worker = ClipWorker(work)
    for job in jobs:
        yield job, worker.do(job)


_worker: ClipWorker | None = None


def _start(work: WorkerSetup) -> None:
    global _worker  # noqa: PLW0603 (a process of a pool has one worker, made when it starts)
    _worker = ClipWorker(work)


def _do(job: Job) -> str | None:
    assert _worker is not None
    return _worker.do(job)


def in_processes(
    jobs: Sequence[Job],
    work: WorkerSetup,
    workers: int,
    start: Callable[[WorkerSetup], None] = _start,
    do: Callable[[Job], str | None] = _do,
) -> Done:
    """Do the jobs in several processes, each set up by `start`.

    If a clip crashes a process, the remaining clips run one at a time until it is found; then the pool is restored.
    """
    waiting = {job.target: job for job in jobs}
    careful = False
    while waiting:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1 if careful else workers, context, start, (work,)) as pool:
            try:
                for job, reason in _each(pool, do, list(waiting.values()), careful):
                    del waiting[job.target]
                    yield job, reason
            except BrokenProcessPool:
                if careful:
                    culprit = next(iter(waiting.values()))
                    del waiting[culprit.target]
                    yield culprit, f"{culprit.row.path}: the process that read it crashed: the file is damaged"
                careful = not careful


def _each(pool: ProcessPoolExecutor, do: Callable[[Job], str | None], jobs: Sequence[Job], one_at_a_time: bool) -> Done:
    if one_at_a_time:
        for job in jobs:
            yield job, pool.submit(do, job).result()
        return
    futures: dict[Future[str | None], Job] = {pool.submit(do, job): job for job in jobs}
    for future in as_completed(futures):
        yield futures[future], future.result()


def _on_ray(jobs: Sequence[Job], work: WorkerSetup) -> Done:
    """One actor per CPU of the cluster; data set, bundle and output must be the same folders on every machine."""
    try:
        import ray
        from ray.util import ActorPool
    except ModuleNotFoundError as error:
        raise FeaturesError("--workers ray needs ray: pip install 'emvas-edge[cluster]'") from error
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    count = min(int(ray.cluster_resources().get("CPU", 1)), len(jobs))
    actors = [ray.remote(num_cpus=1)(ClipWorker).remote(work) for _ in range(count)]

    def submit(actor: Any, item: tuple[int, Job]) -> Any:
        return actor.numbered.remote(*item)

    for index, reason in ActorPool(actors).map_unordered(submit, list(enumerate(jobs))):
        yield jobs[index], reason
