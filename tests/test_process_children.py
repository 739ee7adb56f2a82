"""A folder that root happens to stand in decides nothing about what its children import."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from edge.process import python_command


def test_a_child_imports_nothing_from_the_folder_it_stands_in_or_the_environment(tmp_path: Path) -> None:
    for name in ("json.py", "sitecustomize.py", "edge.py"):
        (tmp_path / name).write_text("print('owned')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = python_command("import json, edge; print(json.__name__, len(edge.__path__))")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "json 1\n"
