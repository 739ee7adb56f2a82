"""Several processes, one of which dies over a clip."""

from __future__ import annotations

from pathlib import Path

import crashing_worker

from training.features.layout import DatasetRow
from training.features.workers import Job, WorkerSetup, in_processes, run


def job(name: str) -> Job:
    row = DatasetRow(2, name, Path(f"{name}.mp4"), "", "train", (0.0, 0.0, 0.0, 0.0))
    return Job(row, Path(f"{name}.npz"))


def test_a_clip_that_kills_its_process_is_one_row_of_errors_and_the_rest_is_done() -> None:
    jobs = [job(name) for name in ("a", "crash", "bad", "b")]
    work = WorkerSetup(Path("bundle"), False)
    done = {j.row.id: reason for j, reason in in_processes(jobs, work, 2, crashing_worker.start, crashing_worker.do)}
    assert set(done) == {"a", "crash", "bad", "b"}
    assert done["a"] is None and done["b"] is None and done["bad"] == "is bad"
    assert done["crash"] is not None and "crash.mp4: the process that read it crashed" in done["crash"]


def test_nothing_to_do_starts_nothing() -> None:
    assert list(run([], WorkerSetup(Path("no bundle"), False), 4)) == []
