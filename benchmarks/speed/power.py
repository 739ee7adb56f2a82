"""The energy that a recording costs: `python -m benchmarks.speed.power --bundle DIR --config C CLIP [--json OUT]`.

A Jetson tells the power of its rails by `tegrastats`; other boards do not, and then this says so. Mean power at rest
and while a process of its own replays the clip, start included; energy is what was drawn above rest.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from benchmarks.evidence import show_rows
from benchmarks.speed.whole_box import in_own_process
from edge.error import EmvasError

if TYPE_CHECKING:
    from collections.abc import Iterator

_RAIL = re.compile(r"\b((?:VDD|VIN|POM|CPU|GPU|SOC|CV|SYS5V|VDDRQ)\w*) (\d+)(?:mW)?/\d+(?:mW)?(?= |$)")
"""Name, power now in mW; then comes the mean since tegrastats began. Without the unit before JetPack 5."""
_INTERVAL_MS = 200
_REST_S = 10.0
Sample = dict[str, float]


@dataclass(frozen=True, slots=True)
class Rail:
    """One supply of the board; `VDD_IN` is all of it where there is one."""

    rail: str
    at_rest_w: float
    busy_w: float
    joules_a_second: float
    """Above rest, for a second of the recording."""


def rails(line: str) -> Sample:
    """The power of each rail in W that one line of `tegrastats` tells."""
    return {name: int(milliwatts) / 1e3 for name, milliwatts in _RAIL.findall(line)}


@contextmanager
def meter() -> Iterator[list[Sample]]:
    """Samples, one more every `_INTERVAL_MS`, until the block ends.

    Raises:
        EmvasError: this machine has no `tegrastats`.
    """
    program = shutil.which("tegrastats")
    if program is None:
        raise EmvasError("only a Jetson's `tegrastats` tells its power, and it is not on the PATH here")
    samples: list[Sample] = []
    process = subprocess.Popen([program, "--interval", str(_INTERVAL_MS)], stdout=subprocess.PIPE, text=True)

    def read() -> None:
        assert process.stdout is not None
        samples.extend(found for line in process.stdout if (found := rails(line)))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield samples
    finally:
        process.terminate()
        process.wait()
        reader.join()


def cost(clip: Path, bundle: Path, config: Path, rest_s: float) -> list[Rail]:
    """One row a rail. Raises EmvasError where nothing tells it."""
    with meter() as rest:
        time.sleep(rest_s)
    start_s = time.monotonic()
    with meter() as busy:
        length_s = float(in_own_process(clip, bundle, config)["length_s"])
    took_s = time.monotonic() - start_s
    if not rest or not busy:
        raise EmvasError("`tegrastats` told no power: try it by hand, it may need root")
    found = []
    for name in rest[0]:
        before, during = (float(np.mean([sample[name] for sample in samples])) for samples in (rest, busy))
        above = (during - before) * took_s / length_s
        found.append(Rail(name, round(before, 3), round(during, 3), round(above, 3)))
    return found


@click.command()
@click.argument("clip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundle", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--config", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rest", "rest_s", default=_REST_S, show_default=True, help="seconds to measure the board at rest")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="file for the figures")
def main(clip: Path, bundle: Path, config: Path, rest_s: float, out: Path | None) -> None:
    """Replay CLIP and read the board's power meanwhile."""
    try:
        rows = cost(clip, bundle, config, rest_s)
    except EmvasError as error:
        raise click.ClickException(str(error)) from error
    show_rows(("rail", "at rest, W", "busy, W", "J a second of the recording"), rows, out, "rows", clip=clip.name)


if __name__ == "__main__":
    main()
