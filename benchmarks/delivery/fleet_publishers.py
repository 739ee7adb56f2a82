"""Real publishers of simulated boxes, some dozens a process: paho waits with select(2), which has 1024 descriptors."""

from __future__ import annotations

import multiprocessing
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from edge.config import Config
from edge.messages import Alert, Level
from edge.publish.publisher import Publisher
from edge.run_registry import Start

_A_PROCESS = 40
"""Boxes of a process, each with some ten descriptors: outbox, orders, sockets."""


class Publishers:
    """Boxes with their outboxes, from `with` to its end."""

    def __init__(self, boxes: int, port: int, folder: Path) -> None:
        self._boxes = boxes
        self._pipes: list[Connection] = []
        self._processes = []
        context = multiprocessing.get_context("spawn")
        for first in range(0, boxes, _A_PROCESS):
            ours, theirs = multiprocessing.Pipe()
            arguments = (range(first, min(first + _A_PROCESS, boxes)), port, folder, theirs)
            self._processes.append(context.Process(target=_work, args=arguments, daemon=True))
            self._pipes.append(ours)

    def __enter__(self) -> Publishers:
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join(30)

    def raise_alerts(self, each: int) -> int:
        """Every box raises so many; how many that are, once they stand in the outboxes."""
        for pipe in self._pipes:
            pipe.send(each)
        for pipe in self._pipes:
            pipe.recv()
        return each * self._boxes


def _work(numbers: range, port: int, folder: Path, pipe: Connection) -> None:
    publishers = [_publisher(number, port, folder) for number in numbers]
    count = 0
    while (each := pipe.recv()) is not None:
        for _ in range(each):
            count += 1
            for publisher in publishers:
                publisher.write(Alert(2.0, f"alert-{count}", "new", "microsleep", Level.CRITICAL, 0.5, 1.5, {}))
        pipe.send(count)
    ends = [threading.Thread(target=publisher.stop) for publisher in publishers]
    for end in ends:
        end.start()
    for end in ends:
        end.join()


def _publisher(number: int, port: int, folder: Path) -> Publisher:
    box = {"site": f"depot-{number % 10}", "id": f"bus-{number:04d}"}
    mqtt = {"host": "127.0.0.1", "port": port}
    config = Config.model_validate({"purpose": "driver-safety", "box": box, "mqtt": mqtt})
    home = folder / box["id"]
    home.mkdir()
    publisher = Publisher(config, home / "outbox.db", Start.now(f"{box['id']}-0"))
    publisher.start()
    return publisher
