"""Real inputs of every graph: what the box's own stages give to its sessions while they replay a clip on the CPU."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import VariantName
from edge.bundle.session import Array, Session
from edge.config import Config, load_config
from edge.runtime.pipeline import Pipeline, replay_file, session_of

Feeds = dict[str, Array]
Rows = dict[tuple[str, str], list[Feeds]]
"""By role and graph."""

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "desk.yaml"
"""Faces, voice and words: every role runs."""
_EVERY, _MOST = 7, 24
"""Every seventh input is kept, so that neighbours in time do not stand for many, and so many of a graph at most."""


class _Recorder(Session):
    """A session that remembers some of its inputs."""

    def __init__(self, path: Path, kept: list[Feeds]) -> None:
        super().__init__(path)
        self._kept, self._count = kept, 0

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str] | None = None) -> dict[str, Array]:
        if self._count % _EVERY == 0 and len(self._kept) < _MOST:
            self._kept.append({name: np.array(value) for name, value in feeds.items()})
        self._count += 1
        return super().run(feeds, outputs)


class _RecordingBundle(Bundle):
    """A bundle whose sessions remember what they were given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "cpu")
        self.rows: Rows = defaultdict(list)

    def session(self, role: str, graph: str = "model", variant: VariantName | None = None) -> Session:
        chosen = variant or self.variant_name(role)
        stored = self.role(role).variants[chosen].graphs[graph]
        return _Recorder(self.folder / stored.file, self.rows[role, graph])


def recorded(bundle: Path, clip: Path) -> Rows:
    """The inputs of each graph that ran, in the order of the clip."""
    recording = _RecordingBundle(bundle)
    replay_file(clip, Pipeline(recording, words_config(), session_of(clip)), [])
    return {key: rows for key, rows in recording.rows.items() if rows}


def words_config() -> Config:
    """The configuration of the replay."""
    return load_config(CONFIG)
