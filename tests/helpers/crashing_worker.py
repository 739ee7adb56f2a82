"""Work that brings its process down, for pools of processes to survive."""

from __future__ import annotations

import os

from training.features.workers import Job, WorkerSetup


def start(work: WorkerSetup) -> None:
    """Nothing to set up."""


def do(job: Job) -> str | None:
    """Die over a clip named `crash`, complain of one named `bad`."""
    if job.row.path.stem == "crash":
        os._exit(11)
    return "is bad" if job.row.path.stem == "bad" else None
