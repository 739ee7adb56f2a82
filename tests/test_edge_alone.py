"""`edge` runs on a box that has neither torch nor the export and training dependencies."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import importlib, pkgutil, sys

class Forbidden:
    names = {"torch", "onnx", "transformers", "sklearn", "export", "training", "nicegui", "amqtt"}
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is not on the box")
        return None

sys.meta_path.insert(0, Forbidden())
import edge
optional = ("edge.aim.page", "edge.dashboard", "edge.cli.dashboard", "edge.cli.report")
count = 0
for module in pkgutil.walk_packages(edge.__path__, "edge."):
    if not module.name.startswith(optional):
        importlib.import_module(module.name)
        count += 1
print(count)
"""


def test_every_module_of_the_box_imports_without_the_workshop() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20
