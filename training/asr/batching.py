"""Batches of utterances of similar length, with a limit on frames; the same for the same seed and epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_JITTER = 0.1
"""Lengths are sorted as if they were wrong by up to this share: neighbours change from epoch to epoch."""


def batches(
    frames: Sequence[int], frames_per_batch: int, seed: int, epoch: int, rank: int = 0, world: int = 1
) -> list[list[int]]:
    """The batches of process `rank` of `world` in one epoch, as numbers of utterances.

    A batch holds at most `frames_per_batch` frames, padding included, or one utterance. Every process gets the same
    number of batches: the first ones fill up the last round.
    """
    rng = np.random.default_rng((seed, epoch))
    lengths = np.asarray(frames)
    order = np.argsort(lengths * rng.uniform(1 - _JITTER, 1 + _JITTER, len(lengths)), kind="stable")
    made: list[list[int]] = []
    longest = 0
    for number in order.tolist():
        longest = max(longest, int(lengths[number]))
        if not made or longest * (len(made[-1]) + 1) > frames_per_batch:
            made.append([])
            longest = int(lengths[number])
        made[-1].append(number)
    shuffled = [made[index] for index in rng.permutation(len(made))]
    short = -len(shuffled) % world
    shuffled += [shuffled[index % len(shuffled)] for index in range(short)]
    return shuffled[rank::world]


def in_order(frames: Sequence[int], frames_per_batch: int) -> list[list[int]]:
    """All utterances from the shortest to the longest, for the evaluation."""
    made: list[list[int]] = []
    for number in sorted(range(len(frames)), key=lambda index: (frames[index], index)):
        if not made or frames[number] * (len(made[-1]) + 1) > frames_per_batch:
            made.append([])
        made[-1].append(number)
    return made
