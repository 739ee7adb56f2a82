"""What every section of the configuration has in common."""

from pydantic import BaseModel, ConfigDict

NOT_ECHOED = "not_echoed"
"""Type of an error about a value that may hold a secret: nobody repeats the value."""


class Section(BaseModel):
    """A part of the configuration: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
