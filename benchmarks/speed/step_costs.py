"""The CPU time of one frame and one utterance, step by step: `python -m benchmarks.speed.step_costs --bundle DIR CLIP`.

A replay with everything on (configs/desk.yaml), a timeline and a publisher with a broker. CPU time of the calling
thread, so that a busy machine does not change it; what SQLite and the network wait for is not in it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from demo.broker import HOST, LocalBroker
from edge.bundle.bundle import Bundle
from edge.capture.media import MediaFile
from edge.config import load_config
from edge.config.delivery import MqttConfig
from edge.messages import Alert, Frame
from edge.publish.publisher import Publisher
from edge.run_registry import Start
from edge.runtime.perception_stages import LanguageModels
from edge.runtime.pipeline import Pipeline
from edge.runtime.sinks import Outlet
from edge.store.timeline import Timeline

_CONFIG = Path(__file__).resolve().parents[2] / "configs" / "desk.yaml"


class Costs:
    """CPU time of each step, ms."""

    def __init__(self) -> None:
        self.ms: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Time one call."""
        start_s = time.thread_time()
        yield
        self.ms[step].append(1000 * (time.thread_time() - start_s))

    def watch(self, thing: Any, name: str, step: str) -> None:
        """Time every call of a method of one object."""
        method: Callable[..., Any] = getattr(thing, name)

        def timed(*arguments: Any) -> Any:
            with self.of(step):
                return method(*arguments)

        setattr(thing, name, timed)

    def table(self) -> Table:
        """One row a step."""
        table = Table("step", "calls", "CPU ms, median", "95th percentile", "worst", box=None)
        for step, ms in self.ms.items():
            late = statistics.quantiles(ms, n=20)[-1] if len(ms) > 1 else ms[0]
            table.add_row(step, str(len(ms)), f"{statistics.median(ms):.2f}", f"{late:.2f}", f"{max(ms):.2f}")
        return table


def walk(bundle: Bundle, clip: Path, folder: Path, port: int) -> Costs:
    """Replay `clip` and time each step."""
    config = load_config(_CONFIG).model_copy(update={"mqtt": MqttConfig(host=HOST, port=port)})
    costs, words = Costs(), LanguageModels(bundle, config)
    pipeline = Pipeline(bundle, config, words=words)
    senses, judgement = pipeline._perception, pipeline._decisions
    costs.watch(senses, "see", "frame: faces")
    costs.watch(judgement, "seen", "frame: judgement")
    costs.watch(senses, "hear", "32 ms of sound: voice activity, loudness")
    for model, name, step in (
        (words.transcriber, "transcribe", "words"),
        (words.sentiment, "score", "their sentiment"),
    ):
        if model is not None:
            costs.watch(model.model, name, f"utterance: {step}")
    if senses._prosody is not None:
        costs.watch(senses._prosody.stage, "step", "utterance: tone of voice")
    costs.watch(judgement, "heard", "utterance: judgement")
    publisher = Publisher(config, folder / "outbox.db", Start.now("walk"))
    timeline = Timeline(folder / "timeline.db", Start.now("walk"), config.store)
    publisher.start()
    try:
        _replay(clip, pipeline, Outlet([publisher, timeline], config.allowance), costs)
    finally:
        publisher.stop()
        timeline.close()
    return costs


def _replay(clip: Path, pipeline: Pipeline, outlet: Outlet, costs: Costs) -> None:
    with pipeline:
        for item in MediaFile(clip).read():
            messages = pipeline.feed(item)
            alert = any(isinstance(message, Alert) for message in messages)
            kind = "an alert" if alert else "frame" if isinstance(item, Frame) else "32 ms of sound"
            with costs.of(f"{kind}: gate, timeline, outbox"):
                outlet.write(messages)
        outlet.write(pipeline.finish())


@click.command()
@click.option("--bundle", required=True, type=click.Path(path_type=Path), help="Folder of the models.")
@click.argument("clip", type=click.Path(exists=True, path_type=Path))
def main(bundle: Path, clip: Path) -> None:
    """Print the costs of each step of CLIP, which best holds speech and an alert, as the demo's drive does."""
    with LocalBroker() as broker, tempfile.TemporaryDirectory() as folder:
        Console().print(walk(Bundle(bundle), clip, Path(folder), broker.port).table())


if __name__ == "__main__":
    main()
