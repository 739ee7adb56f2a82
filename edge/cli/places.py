"""Where an installed box keeps its things (file-hierarchy(7)); the units of `systemd/` name the same places."""

from __future__ import annotations

from pathlib import Path

STATE = Path("/var/lib/emvas")
CACHE = Path("/var/cache/emvas")
CONFIG = Path("/etc/emvas/edge.yaml")
MODELS_STORE = "models"
CONFIG_STORE = "config"
"""Folders of releases below the state folder."""
STORES = (MODELS_STORE, CONFIG_STORE)
