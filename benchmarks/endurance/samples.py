"""Samples memory, threads and descriptors of a running process, and decides whether they grow."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

MOST_GROWTH = 0.02
"""Memory may grow by less than this share after the warm-up."""
_SLACK = 2
"""Threads and descriptors that come and go with connections; a leak of one a fault is far above it after an hour."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process, `t_s` seconds after its start."""

    t_s: float
    rss_bytes: int
    threads: int
    descriptors: int
    cpu_s: float
    waiting: dict[str, int]
    """What the box last said of its queues, `outbox` among them."""


def look(pid: int, t_s: float, waiting: dict[str, int]) -> Sample | None:
    """The process now; None when it has ended."""
    root = Path(f"/proc/{pid}")
    try:
        status = dict(line.split(":", 1) for line in (root / "status").read_text().splitlines() if ":" in line)
        descriptors = len(os.listdir(root / "fd"))  # noqa: PTH208 - names alone
        fields = (root / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if "VmRSS" not in status:
        return None
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Sample(t_s, 1024 * int(status["VmRSS"].split()[0]), int(status["Threads"]), descriptors, cpu_s, waiting)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became more between the first window after the warm-up and the last one.

    Threads and descriptors are medians. Memory is the tenth percentile of its samples: while words are recognized it is
    140 MB higher, so a median tells how much was said; what leaks lifts the floor as well.
    """

    window_s: float
    rss_bytes: tuple[float, float]
    threads: tuple[float, float]
    descriptors: tuple[float, float]

    @property
    def growth(self) -> float:
        """Memory: last over first, less one."""
        return self.rss_bytes[1] / self.rss_bytes[0] - 1

    @property
    def faults(self) -> list[str]:
        """What does not hold; empty when all does."""
        found = []
        if self.growth >= MOST_GROWTH:
            found.append(f"memory grew by {self.growth:.1%}, not less than {MOST_GROWTH:.0%}")
        for name, (first, last) in (("threads", self.threads), ("descriptors", self.descriptors)):
            if last > first + _SLACK:
                found.append(f"{name} grew from {first:g} to {last:g}")
        return found


def judge(samples: list[Sample], warm_up_s: float, window_s: float) -> Verdict:
    """Compare the `window_s` after the warm-up with the last `window_s`.

    Raises:
        ValueError: the samples are too few for two windows.
    """
    end_s = samples[-1].t_s if samples else 0.0
    first = [s for s in samples if warm_up_s <= s.t_s < warm_up_s + window_s]
    last = [s for s in samples if s.t_s > end_s - window_s]
    if not first or first[-1].t_s >= last[0].t_s:
        raise ValueError(f"{end_s:.0f} s are too short for a warm-up of {warm_up_s:.0f} s and two windows after it")

    def both(name: str) -> tuple[float, float]:
        return median(getattr(s, name) for s in first), median(getattr(s, name) for s in last)

    floors = (_floor(first), _floor(last))
    return Verdict(window_s, floors, both("threads"), both("descriptors"))


def _floor(samples: list[Sample]) -> float:
    return quantiles([sample.rss_bytes for sample in samples], n=10, method="inclusive")[0]
