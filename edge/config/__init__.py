"""The configuration: one pydantic model for each section, with the loader that reads it."""

from edge.config.appliance import Config
from edge.config.loader import ConfigError, load_config

__all__ = ["Config", "ConfigError", "load_config"]
