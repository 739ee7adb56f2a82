"""Programs of Python that this one starts: they import what it imports, and nothing from the folder it stands in."""

from __future__ import annotations

import sys


def python(code: str) -> list[str]:
    """The command that runs `code`.

    `-I`: neither the working folder, which may be anybody's while root is at work, nor a variable of the environment
    adds a place to import from.
    """
    return [sys.executable, "-I", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]
