"""Training on the GPU: every fusion model and the Conformer in mixed precision, and two processes over NCCL."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.fusion.synthetic import settings_of
from benchmarks.gpu.step import EMVAS, AbsentError, Context, FailedError, Finding
from edge.speech.log_mel import MEL_BANDS
from training.asr.model import ConformerConfig, ConformerCtc
from training.asr.model_adapters import CtcLoss
from training.features.dataset import Features
from training.fusion.data import Rows
from training.fusion.models import MODELS
from training.fusion.trainer import FusionTrainer
from training.fusion.training_state import FusionTask
from training.processes import Place, place
from training.synthetic_features import trimodal

_ROWS = (64, 32, 32), (32, 8, 8)
"""Samples of the three splits, and in a dry run: two batches an epoch, or one."""
_SECONDS, _TOKENS = (8, 1), 12
"""Length of the Conformer's utterances, and in a dry run; tokens of each."""
_SEED = 1111


def ask(context: Context) -> Finding:
    """AbsentError without CUDA in torch; FailedError when a loss is no number or the processes disagree."""
    if not context.dry and not torch.cuda.is_available():
        raise AbsentError(f"torch {torch.__version__} sees no GPU")
    features = trimodal(_ROWS[context.dry])
    with place(context.device, "bfloat16" if context.dry else "auto") as here:
        seconds = {model: _timed(lambda model=model: _fusion(model, features, here)) for model in MODELS}
        seconds["conformer"] = _timed(lambda: _conformer(here, _SECONDS[context.dry]))
    figures: dict[str, Any] = {"precision": here.precision, "seconds": seconds, "processes": _two(context, features)}
    text = f"{len(seconds)} models in {here.precision} on {here.device.type}; two processes: {figures['processes']}"
    return Finding(text, figures)


def _fusion(model: str, features: Features, here: Place) -> None:
    """One epoch; the trainer itself refuses a loss that is no number."""
    task = FusionTask(model, settings_of(model, epochs=1), features.dims, {}, "", _SEED)
    train, valid = (Rows.of(features.of(split, "synthetic")) for split in ("train", "valid"))
    FusionTrainer(task, train, valid, here, None).run()


def _conformer(here: Place, length_s: int) -> None:
    """One step of the published size, forward, backward and update."""
    torch.manual_seed(_SEED)
    network = CtcLoss(ConformerCtc(ConformerConfig(vocabulary=64))).to(here.device).train()
    optimizer = torch.optim.AdamW(network.parameters())
    features = torch.randn(2, length_s * 100, MEL_BANDS, device=here.device)
    length = torch.full((2,), length_s * 100, device=here.device)
    tokens = torch.randint(1, 64, (2, _TOKENS), device=here.device)
    with here.autocast():
        loss = network(features, length, tokens, torch.full((2,), _TOKENS, device=here.device)).mean()
    loss.backward()
    optimizer.step()
    if not torch.isfinite(loss):
        raise FailedError(f"the Conformer's loss is {float(loss)} in {here.precision}")


def _timed(work: Callable[[], None]) -> float:
    start = time.monotonic()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return round(time.monotonic() - start, 2)


def _two(context: Context, features: Features) -> str:
    """`emvas train fusion` under torchrun; the processes learn one model, so one result is written."""
    if not context.dry and torch.cuda.device_count() < 2:
        return f"absent, {torch.cuda.device_count()} GPU here"
    with tempfile.TemporaryDirectory() as folder:
        data, out, settings = (Path(folder) / name for name in ("features.npz", "run", "settings.yaml"))
        features.save(data)
        settings_of("tfn", epochs=1).write(settings)
        words = ["train", "fusion", "--model", "tfn", "--data", str(data), "--config", str(settings), "--out", str(out)]
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--no-python"]
        command += [sys.executable, "-c", EMVAS, *words, "--device", context.device, "--seeds", "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise FailedError(f"torchrun: {done.stderr.strip().splitlines()[-1]}", done.stderr[-3000:])
        if not (out / "result.json").is_file():
            raise FailedError("torchrun: the first of two processes wrote no result")
    return "gloo" if context.dry else "nccl"
