from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.attention.neighbours import NEIGHBOURS, moved, rows
from benchmarks.attention.trials import Count, Stand
from edge.config import load_config
from edge.fatigue import attention, monitor

CONFIG = load_config(Path("configs/bus-cab.yaml"))


def lost_away(stand: Stand) -> Count:
    """What the two modules that hold the constant see, and the setting."""
    return Count(round(attention.LOST_AWAY_S + monitor.LOST_AWAY_S), round(stand.config.attention.learn_s))


def learns(stand: Stand) -> Count:
    return Count(round(stand.config.attention.learn_s), 1)


@pytest.mark.parametrize(("constant", "lower", "higher"), NEIGHBOURS)
def test_every_constant_exists_and_lies_between_its_neighbours(constant, lower, higher):
    chosen = getattr(attention, constant, None) or getattr(CONFIG.attention, constant)
    values = (value if isinstance(value, tuple) else (value,) for value in (lower, chosen, higher))
    for low, own, high in zip(*values, strict=True):
        assert min(low, high) < own < max(low, high)


def test_a_moved_constant_is_seen_wherever_it_is_used_and_goes_back():
    found = moved(CONFIG, "LOST_AWAY_S", 12.0, {"away": lost_away}, {"learns": learns})
    assert (found.told, found.quiet) == ({"away": 24}, {"learns": 15})
    assert attention.LOST_AWAY_S == monitor.LOST_AWAY_S == 10.0
    assert moved(CONFIG, "learn_s", 20.0, {}, {"learns": learns}).quiet == {"learns": 20}


def test_the_page_says_what_differs():
    chosen = {"constant": "as chosen", "value": None, "told": {"a": 3, "b": 2}, "quiet": {"c": 0}}
    moved_ = {"constant": "_X_DEG", "value": (1.0, 2.5), "told": {"a": 3, "b": 1}, "quiet": {"c": 1}}
    assert list(rows([chosen, moved_])) == [
        ("as chosen", "", "5", "0", "-"),
        ("X_DEG", "1 / 2.5", "4", "1", "b: 1 instead of 2; c: 1 instead of 0"),
    ]
