"""Looks away against the rules, into `docs/evidence/attention.*`: `python -m benchmarks.attention`.

Every rule at three frame rates with three laws of the lids, then every rule again with each constant moved, then 10 h
of simulated alert drivers: some 15 minutes on two idle cores. `--bundle` and `--data` measure yaw and pitch on pictures
turned by known angles as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import click

from benchmarks.attention import quiet_trials, sight_trials, trials
from benchmarks.attention.cab import LID_LAWS_DEG, RATES_FPS, View
from benchmarks.attention.neighbours import neighbours
from benchmarks.attention.page import page
from benchmarks.attention.trials import Stand, Trial
from benchmarks.evidence import write_page
from edge.config import load_config

_CONFIG = Path("configs/bus-cab.yaml")
_WITHIN = "told within 4 s"
_CAMERAS_DEG = ((30.0, 0.0), (-30.0, 0.0), (0.0, -20.0), (20.0, -15.0))
_CREEP_KMH = (6.0, 10.0, 15.0)
_ASKED_HITS = {"telephone, advanced lizard": 3, "long, driving task": 0, "short, driving task": 0}
"""Where not all are asked: in view of the windscreen a telephone cannot be told from the road, and for driving tasks no
warning is scored."""

TOLD: dict[str, tuple[str, Trial]] = {
    **{
        name: (_WITHIN if "short" not in name else "told when 10 s of 30 are full", t)
        for name, t in trials.LOOKS.items()
    },
    "twenty long looks, 13 s apart": (_WITHIN, trials.repeated_looks),
    **{
        f"seven long looks, camera {yaw:g} / {pitch:g} degrees off": (_WITHIN, partial(trials.off_axis, (yaw, pitch)))
        for yaw, pitch in _CAMERAS_DEG
    },
    "a long look at 20, 22, 25, 28 km/h": ("told within 6 s", trials.slow_looks),
    "shut eyes at 20, 22, 25, 28 km/h": ("told within 1.8 s", partial(trials.slow_sleep, trials.SLOW_KMH)),
    "shut eyes at 6, 10, 15 km/h": ("told within 1.8 s", partial(trials.slow_sleep, _CREEP_KMH)),
    "a look that does not end": ("critical 3 s after it was told", trials.rises),
    "shut eyes and a falling head": ("microsleep within 3.3 s", trials.falling_heads),
    **sight_trials.SIGHT,
}
"""Every rule: what is asked, and its trial."""


def measure(rule: str, fps: float, law_deg: float) -> dict[str, Any]:
    """One rule in one view."""
    trial = TOLD[rule][1] if rule in TOLD else quiet_trials.QUIET[rule]
    count = trial(Stand(load_config(_CONFIG), View(fps, law_deg)))
    return {"fps": fps, "law_deg": law_deg, **asdict(count)}


def tried(rules: Sequence[str], workers: int, say: Callable[[str], None]) -> dict[str, list[dict[str, Any]]]:
    """Each rule in every view."""
    views, found = list(product(RATES_FPS, LID_LAWS_DEG)), dict[str, list[dict[str, Any]]]()
    with ProcessPoolExecutor(workers) as pool:
        waiting = {rule: [pool.submit(measure, rule, *view) for view in views] for rule in rules}
        for rule, cells in waiting.items():
            found[rule] = [cell.result() for cell in cells]
            say(rule)
    return found


def rows(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The rules' part of the report."""
    told = [
        {"rule": rule, "asked": asked, "asked_hits": _ASKED_HITS.get(rule), "views": found[rule]}
        for rule, (asked, _) in TOLD.items()
    ]
    quiet = [{"rule": rule, "views": found[rule]} for rule in quiet_trials.QUIET]
    return {"rates": list(RATES_FPS), "laws": list(LID_LAWS_DEG), "told": told, "quiet": quiet}


@click.command(epilog="Example: python -m benchmarks.attention --hours 1 --out build/attention")
@click.option(
    "--only", "again", multiple=True, type=click.Choice([*TOLD, *quiet_trials.QUIET]), help="this rule beside the rest"
)
@click.option("--out", default="docs/evidence", show_default=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--hours", default=10.0, show_default=True, type=click.FloatRange(0.1), help="of simulated alert drivers")
@click.option("--seed", default=3, show_default=True, help="another population of them")
@click.option("--workers", default=os.cpu_count() or 1, show_default=True, type=click.IntRange(1), help="processes")
@click.option("--bundle", type=click.Path(file_okay=False, path_type=Path), help="measure poses with these models")
@click.option("--data", default="../shared/data", show_default=True, type=click.Path(file_okay=False, path_type=Path))
def main(
    again: tuple[str, ...], out: Path, hours: float, seed: int, workers: int, bundle: Path | None, data: Path
) -> None:
    """Try every rule and write the page; with `--only` some rules anew, the other answers as they stand there."""
    out.mkdir(parents=True, exist_ok=True)
    kept = out / "attention.json"
    figures: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if again else {}
    found = {row["rule"]: row["views"] for part in ("told", "quiet") for row in figures.get(part, ())}
    found |= tried(again or [*TOLD, *quiet_trials.QUIET], workers, lambda rule: click.echo(f"  {rule}", err=True))
    figures |= rows(found)
    if not again:
        told = {rule: trial for rule, (_, trial) in TOLD.items()}
        figures["neighbours"] = neighbours(load_config(_CONFIG), told, quiet_trials.QUIET, workers)
        figures["alert_drivers"] = quiet_trials.alert_drivers(load_config(_CONFIG), hours, seed)
    if bundle is not None:
        from benchmarks.attention.filmed_looks import looks_down
        from benchmarks.attention.turned_heads import measured

        figures["measured"] = {**measured(bundle, data), "filmed": looks_down(bundle, data)}
    write_page(out, "attention", figures, page(figures))
    click.echo(f"{out / 'attention.md'} and .json written. Next: read the page and commit it.")


if __name__ == "__main__":
    main()
