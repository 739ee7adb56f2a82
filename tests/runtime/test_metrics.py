"""The table of metrics and what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mqtt_helpers import START_WALL_S, box

from edge.messages import Alert, Level, Source
from edge.publish.publisher import Publisher
from edge.run_registry import started
from edge.runtime.metrics import METRICS, Metric, RunCounters, StageTime, figures, samples
from edge.status import SystemStatus

SPOKEN_OF_OTHERWISE = {"schema", "boot", "time", "clock", "mqtt.protocol"}
"""Words that name the message or the moment, and are no figures."""
DERIVED = {"readings.stages.vision.mean_ms"}


def busy(published: Mapping[str, Any] | None = None) -> dict[str, Any]:
    health, status = RunCounters(frames=3, waiting={"sound": 2}, shed={"words": True}), SystemStatus()
    for counter in (health.failures, health.restarts, health.skipped):
        counter["vision"] += 1
    health.stages["vision"] = StageTime(1, 8.0, 8.0)
    status.take(Source(0.0, "camera", "lost", "gone"))
    health.write(Alert(1.0, "a", "new", "microsleep", Level.CRITICAL, 0.0, 1.0))
    health.write(Alert(2.0, "a", "update", "microsleep", Level.CRITICAL, 0.0, 2.0))
    status.turned(0.0, None)
    facts = {"version": "1", "bundle": "b 2", "provider": "cpu", "purpose": "research"}
    return figures(facts, {"vad": "fp32"}, health, status, published or {})


def published(folder: Path) -> dict[str, Any]:
    publisher = Publisher(box(9), folder / "outbox.db", started("session", START_WALL_S))
    figures = publisher.health().model_dump(by_alias=True)
    figures["mqtt"] = {"connection": 4, "protocol": "MQTT 5"}
    figures["outbox"]["evicted"] = {"summary": 7}
    return figures


def leaves(tree: Mapping[str, Any], before: str = "") -> set[str]:
    found: set[str] = set()
    for name, value in tree.items():
        path = f"{before}{name}"
        found |= leaves(value, f"{path}.") if isinstance(value, Mapping) else {path}
    return found


def fits(metric: Metric, leaf: str) -> bool:
    path, *words = metric.path.split("=")
    if len(words) > 1:
        return leaf.rpartition(".")[0] == path
    steps, asked = leaf.split("."), path.split(".")
    return len(steps) == len(asked) and all(a.startswith("{") or a == s for a, s in zip(asked, steps, strict=True))


def test_every_figure_that_the_box_tells_has_a_row_and_every_row_a_figure(tmp_path: Path) -> None:
    told = leaves(busy(published(tmp_path))) - SPOKEN_OF_OTHERWISE - DERIVED
    assert {leaf for leaf in told if not any(fits(metric, leaf) for metric in METRICS)} == set()
    assert {metric.name for metric in METRICS if not any(fits(metric, leaf) for leaf in told)} == set()


def test_rows_read_numbers_names_and_words(tmp_path: Path) -> None:
    told = busy(published(tmp_path))
    found = {metric.name: dict(samples(metric, told)) for metric in METRICS}
    assert found["emvas_frames"] == {(): 3.0}
    assert found["emvas_alerts"] == {("microsleep", "critical"): 1.0}
    assert found["emvas_source_state"] == {("camera", "lost"): 1.0}
    assert found["emvas_box_info"] == {("1", "b 2", "cpu", "research"): 1.0}
    assert found["emvas_outbox_evicted"] == {("summary",): 7.0}
    assert found["emvas_mqtt_connections"] == {(): 4.0}


def test_a_box_without_a_broker_leaves_those_rows_out() -> None:
    told = busy()
    assert not [m.name for m in METRICS if m.path.startswith(("outbox", "mqtt")) and list(samples(m, told))]


def test_names_are_unique_and_units_stand_in_them() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    suffix = {"s": "_seconds", "B": "_bytes"}
    assert [m.name for m in METRICS if m.unit in suffix and not m.name.endswith(suffix[m.unit])] == []


def test_the_page_about_health_holds_the_table() -> None:
    heads = ("name", "type", "unit", "meaning", "labels", "where it stands")
    cells = [
        (f"`{m.name}`", m.type, m.unit, m.meaning, ", ".join(m.labels), f"`{m.path.partition('=')[0]}`")
        for m in METRICS
    ]
    lines = ["| " + " | ".join(row) + " |" for row in (heads, ("---",) * len(heads), *cells)]
    table = "\n".join(line.replace("|  |", "| |") for line in lines)
    page = Path(__file__).resolve().parents[2] / "docs" / "health.md"
    assert table in page.read_text(encoding="utf-8"), f"the table of metrics in docs/health.md must be:\n{table}"
