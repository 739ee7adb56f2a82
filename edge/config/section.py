"""The base class of all configuration sections."""

from pydantic import BaseModel, ConfigDict

NOT_ECHOED = "not_echoed"
"""Type of an error about a value that may hold a secret; the value is not repeated."""


class Section(BaseModel):
    """A section of the configuration: immutable; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
