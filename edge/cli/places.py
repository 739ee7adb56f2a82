"""Where an installed box keeps its things (file-hierarchy(7)); the units of `systemd/` name the same places."""

from __future__ import annotations

from pathlib import Path

from edge.releases.store import Store

STATE = Path("/var/lib/emvas")
"""Timeline, outbox and verdicts: the services' own."""
RELEASES = Path("/var/lib/emvas-releases")
"""What the services run: root's, as whoever may exchange it decides what runs."""
CACHE = Path("/var/cache/emvas")
CONFIG = Path("/etc/emvas/edge.yaml")
MODELS_STORE = "models"
CONFIG_STORE = "config"
"""Folders of releases below `RELEASES`, or below the state folder of a box that is run by hand."""
STORES = (MODELS_STORE, CONFIG_STORE)


def store_at(folder: Path) -> Store:
    """The releases in `folder`; the verdict on those of the installed box lies in its state folder."""
    return Store(folder, STATE / f"{folder.name}.verdict") if folder.parent == RELEASES else Store(folder)


def stores_of(state: Path) -> dict[str, Store]:
    """By name, what the box with the state folder `state` runs."""
    home = RELEASES if state == STATE else state
    return {name: store_at(home / name) for name in STORES}
