"""The cost by the number of cameras: `python -m benchmarks.speed.by_cameras --bundle DIR --config C CLIP [--json OUT]`.

A box watches one camera, so a further camera is a further box: as many processes as cameras replay the clip at once, as
fast as they can. Above the number of cores they wait for each other; what they compute stays the same.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.evidence import show_rows
from benchmarks.speed.whole_box import in_own_process

_MOST_CAMERAS = 3


@dataclass(frozen=True, slots=True)
class Together:
    """One number of boxes at once; means over them."""

    cameras: int
    cpu_per_second: float
    """CPU s a second of one camera's recording."""
    speed: float
    """Times real time, each."""
    peak_mb: float


def together(cameras: int, clip: Path, bundle: Path, config: Path) -> Together:
    """Replay the clip in so many boxes at once."""
    with ThreadPoolExecutor(cameras) as pool:
        found = list(pool.map(lambda _: in_own_process(clip, bundle, config), range(cameras)))
    means = (round(float(np.mean([figures[key] for figures in found])), 3) for key in ("cpu_per_second", "speed"))
    return Together(cameras, *means, round(float(np.mean([figures["peak_mb"] for figures in found]))))


@click.command()
@click.argument("clip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--config", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="file for the figures")
def main(clip: Path, bundle: Path, config: Path, out: Path | None) -> None:
    """Replay CLIP in one, two and three boxes at once."""
    rows = [together(cameras, clip, bundle, config) for cameras in range(1, _MOST_CAMERAS + 1)]
    show_rows(
        ("cameras", "CPU s a second, each", "x real time, each", "peak MB, each"), rows, out, "rows", clip=clip.name
    )


if __name__ == "__main__":
    main()
