"""TFN without the outer product against TFN with it: memory and time a sample, at the sizes for CH-SIMS.

    python -m benchmarks.fusion.tfn_memory [--batch 1 --batch 8 --batch 32] [--json OUT]

Both are exported the same way, with the same random weights: ours contracts one modality after the other, the other
makes the outer product of 257 x 129 x 33 = 1,094,049 cells of every sample by matrix products, as MMSA does. Each
graph runs in a process of its own; memory is the growth of the largest resident set over that of the loaded session,
time the median of warm runs on one thread.
"""

from __future__ import annotations

import ctypes
import itertools
import multiprocessing
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from benchmarks.evidence import write_json
from edge.bundle.session import Session
from export.export_job import GraphJob
from export.exporters.fusion import FusionGraph, fusion_graph
from export.trace import trace
from training.fusion.layers.tensor_fusion import TensorFusion, with_one
from training.fusion.models import build
from training.fusion.models.tfn import Tfn

DIMS = {"text": 768, "audio": 33, "vision": 709}
FRAMES = (39, 400, 55)
"""CH-SIMS, unaligned_39: columns, and frames that every clip is padded to."""
MEANS = (39, 1, 1)
"""What MMSA's own TFN is given: sound and face are averaged over time before."""
_RUNS = 7
_M_MMAP_THRESHOLD = -3
"""Of glibc's malloc.h."""
_LARGE_BYTES = 16_384


class Materialised(nn.Module):
    """The first layer as it is published: two batched matrix products make the outer product, one more reads it."""

    def __init__(self, contracted: TensorFusion) -> None:
        super().__init__()
        out, text = contracted.out, contracted.text
        slices = contracted.weight.detach().view(out, text, -1)
        self.weight = nn.Parameter(slices.transpose(1, 2).reshape(out, -1).contiguous())
        self.bias = nn.Parameter(contracted.bias.detach().clone())

    def forward(self, text: Tensor, audio: Tensor, vision: Tensor) -> Tensor:
        """[n, T], [n, A], [n, V] -> [n, out]."""
        pairs = torch.bmm(with_one(audio).unsqueeze(2), with_one(vision).unsqueeze(1)).flatten(1)
        product = torch.bmm(pairs.unsqueeze(2), with_one(text).unsqueeze(1)).flatten(1)
        return nn.functional.linear(product, self.weight, self.bias)


def graphs(config: dict[str, object], dims: dict[str, int], frames: tuple[int, int, int]) -> dict[str, GraphJob]:
    """The two forms of one model with the same random weights."""
    torch.manual_seed(0)
    model = build("tfn", dims, config)
    assert isinstance(model, Tfn)
    contracted = fusion_graph(model, frames)
    other = build("tfn", dims, config)
    other.load_state_dict(model.state_dict())
    other.layer_1 = Materialised(model.layer_1)
    whole = fusion_graph(other, frames)
    assert isinstance(whole.module, FusionGraph)
    return {"contracted": contracted, "materialised": whole}


@dataclass(frozen=True, slots=True)
class Run:
    """One graph at one batch size."""

    form: str
    frames: tuple[int, int, int]
    batch: int
    peak_bytes_a_sample: int
    ms_a_sample: float
    score: float
    """Of the first sample: both forms must say the same."""


def measure(form: str, path: Path, feeds: dict[str, np.ndarray]) -> Run:
    """Run in a fresh process, whose memory nothing else has stretched."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (form, path, feeds))


def _measure(form: str, path: Path, feeds: dict[str, np.ndarray]) -> Run:
    allocator = ctypes.CDLL(None)
    allocator.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)  # tensors come from the system and go back to it at once,
    session = Session(path)
    allocator.malloc_trim(0)  # and none hides in what loading left free
    before = _resident_bytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    first = session.run(feeds)["score"]
    peak = _resident_bytes("VmHWM") - before
    times = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        session.run(feeds)
        times.append(time.perf_counter() - start)
    frames, batch = tuple(feeds[name].shape[1] for name in DIMS), len(first)
    return Run(form, frames, batch, peak // batch, float(np.median(times)) * 1e3 / batch, float(first[0]))


def _resident_bytes(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


@click.command(epilog="Example: python -m benchmarks.fusion.tfn_memory --batch 8 --json build/tfn_memory.json")
@click.option(
    "--batch", "batches", type=click.IntRange(1, 64), multiple=True, default=(1, 8, 32), help="Samples a run."
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here.")
def main(batches: tuple[int, ...], json_path: Path | None) -> None:
    """Measure both forms and print one line a batch size."""
    console = Console(stderr=True)
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as folder, console.status("exporting") as status:
        forms = graphs({}, DIMS, FRAMES)
        for form, graph in forms.items():
            trace(form, graph, Path(folder) / f"{form}.onnx")
        for frames, batch in itertools.product((MEANS, FRAMES), batches):
            sizes = {"n": batch, **{f"{name}_frames": size for name, size in zip(DIMS, frames, strict=True)}}
            feeds = {name: value.numpy() for name, value in forms["contracted"].example(sizes).items()}
            for form in forms:
                status.update(f"{form}, {batch} samples")
                runs.append(measure(form, Path(folder) / f"{form}.onnx", feeds))
    table = Table("frames", "samples", "form", "peak MB a sample", "ms a sample", "score")
    for run in runs:
        table.add_row(
            ", ".join(map(str, run.frames)),
            str(run.batch),
            run.form,
            f"{run.peak_bytes_a_sample / 1e6:.3f}",
            f"{run.ms_a_sample:.2f}",
            f"{run.score:.6f}",
        )
    Console().print(table)
    if json_path is not None:
        write_json(json_path, [asdict(run) for run in runs])


if __name__ == "__main__":
    main()
