from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture.audio import CHUNK_SAMPLES, AudioChunker, SampleClock
from edge.messages import SAMPLE_RATE_HZ

BLOCK = 320
BLOCK_S = BLOCK / SAMPLE_RATE_HZ


def test_jittery_delivery_does_not_shake_the_time_line() -> None:
    clock = SampleClock()
    jitter_s = np.random.default_rng(1).uniform(0, 0.03, 500)
    stamps = [clock.stamp(n * BLOCK_S + jitter_s[n], BLOCK)[0] for n in range(500)]
    assert np.abs(np.diff(stamps) - BLOCK_S).max() < 0.0005


def test_a_sound_card_that_runs_slow_is_followed_without_a_gap() -> None:
    clock, drift = SampleClock(), 1 + 500e-6
    stamps = [clock.stamp(n * BLOCK_S * drift, BLOCK) for n in range(30_000)]
    assert not any(gap for _, gap in stamps[1:])
    assert stamps[-1][0] == pytest.approx(29_999 * BLOCK_S * drift, abs=0.005)


def test_lost_sound_is_a_gap_and_keeps_later_sound_at_its_own_time() -> None:
    line = AudioChunker()
    silence = np.zeros(BLOCK, np.float32)
    chunks = [chunk for n in range(10) for chunk in line.push(n * BLOCK_S, silence)]
    after = line.push(5.0, np.zeros(CHUNK_SAMPLES, np.float32))
    assert len(after[0].samples) == 10 * BLOCK % CHUNK_SAMPLES, "what was pending comes out on its own"
    assert after[1].t_s == 5.0
    assert sum(len(c.samples) for c in chunks + after) == 10 * BLOCK + CHUNK_SAMPLES


@given(blocks=st.lists(st.tuples(st.floats(-0.3, 2.0, allow_nan=False), st.integers(0, 3000)), min_size=1, max_size=40))
def test_every_sample_comes_out_once_in_order_and_time_never_runs_back(blocks: list[tuple[float, int]]) -> None:
    line, count, measured_s, chunks = AudioChunker(), 0, 0.0, []
    for step_s, length in blocks:
        measured_s += step_s
        chunks += line.push(measured_s, np.arange(count, count + length, dtype=np.float32))
        count += length
    chunks += line.flush()
    samples = np.concatenate([chunk.samples for chunk in chunks]) if chunks else np.empty(0)
    assert np.array_equal(samples, np.arange(count))
    starts = [chunk.t_s for chunk in chunks]
    assert starts == sorted(starts)
