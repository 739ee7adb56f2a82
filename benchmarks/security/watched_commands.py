"""The traced commands, the paths that each may write, and the addresses that each may connect to."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from benchmarks.install.systemd.supplies import recordings
from demo.drive import DRIVE_CLIP

ROOT = Path(__file__).resolve().parents[2]
EMVAS = (sys.executable, "-c", "from edge.cli.main import main; main()")
_LIBRARIES = ("onnxruntime", "nicegui", "transformers", "tokenizers", "huggingface_hub", "faster_whisper", "optuna",
              "tensorboard", "torch", "sklearn", "prometheus_client", "paho.mqtt.client")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watched:
    """One command."""

    name: str
    command: tuple[str, ...]
    writes: tuple[str, ...] = ()
    """Folders below the work folder, or files, that it is documented to write."""
    speaks: frozenset[str] = field(default_factory=frozenset)
    """`host:port` that it is configured to speak to."""


@contextmanager
def supplies(bundle: Path, work: Path) -> Iterator[dict[str, str]]:
    """A camera, a configuration, a recording and features; yields their names for `commands`."""
    moving, still = recordings(work)
    ports = {name: _free_port() for name in ("camera", "broker", "health", "page")}
    config = {
        "purpose": "driver-safety",
        "camera": {"uri": f"http://127.0.0.1:{ports['camera']}/stream", "fps": 10},
        "microphone": {"device": None},
        "health": {"port": ports["health"]},
        "mqtt": {"host": "127.0.0.1", "port": ports["broker"]},
    }
    (work / "box.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    recipe = "name: small\nversion: '1'\narchives: {}\nroles: {prosody: {ours: {checkpoint: prosody_head.yaml}}}\n"
    (work / "small.yaml").write_text(recipe, encoding="utf-8")
    head = (ROOT / "configs" / "bundles" / "prosody_head.yaml").read_bytes()
    (work / "prosody_head.yaml").write_bytes(head)
    from training.synthetic_features import trimodal

    trimodal((40, 16, 16)).save(work / "features.npz")
    camera = [sys.executable, "-m", "benchmarks.install.systemd.camera", str(moving), str(still), str(ports["camera"])]
    process = subprocess.Popen(camera, cwd=ROOT)
    try:
        named = {name: str(port) for name, port in ports.items()}
        yield named | {"bundle": str(bundle.resolve()), "clip": str(DRIVE_CLIP.video)}
    finally:
        process.terminate()
        process.wait()


def commands(made: dict[str, str]) -> tuple[Watched, ...]:
    """Every command that stays, computes, exports or learns."""
    camera, broker = (f"127.0.0.1:{made[name]}" for name in ("camera", "broker"))
    bundle, state = ("--bundle", made["bundle"]), "home/.local/state/emvas"
    clip = str(Path(made["clip"]).resolve())
    shown = ("dashboard", "--config", "box.yaml", "--port", made["page"])
    reported = ("report", "--config", "box.yaml", "--out", "report.html")
    check = ("check", "--config", "box.yaml", *bundle)
    learned = ("train", "fusion", "--model", "mtme", "--data", "features.npz", "--seeds", "1", "--out", "runs")
    imports = "import edge; " + "; ".join(f"import {name}" for name in _LIBRARIES) + "; import time; time.sleep(9)"
    return (
        Watched("run", (*EMVAS, "run", "--config", "box.yaml", *bundle), (state,), frozenset({camera, broker})),
        Watched("dashboard", (*EMVAS, *shown), (state,), frozenset({broker})),
        Watched("replay", (*EMVAS, "replay", clip, "--config", "box.yaml", *bundle, "--out", "out"), ("out",)),
        Watched("check", (*EMVAS, *check), (), frozenset({camera, broker})),
        Watched("report", (*EMVAS, *reported), ("report.html", ".report.html", state)),
        Watched("bundle build", (*EMVAS, "bundle", "build", "small.yaml", "--out", "small"), ("small", ".small-")),
        Watched("export report", (*EMVAS, "export", "report", made["bundle"], "--out", "cards"), ("cards",)),
        Watched("train fusion", (*EMVAS, *learned), ("runs",)),
        Watched("every library, imported", (sys.executable, "-c", imports)),
    )


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
