"""Reads a training configuration: one YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from edge.error import EmvasError


class SettingsError(EmvasError):
    """The training configuration cannot be used; the message names file and key."""


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; raises SettingsError if it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such file; settings are in configs/training/") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not valid YAML: {error}") from error
