"""The configuration: one pydantic model a section, errors with file, line and the nearest right name."""

from edge.config.appliance import Config
from edge.config.loader import ConfigError, load_config

__all__ = ["Config", "ConfigError", "load_config"]
