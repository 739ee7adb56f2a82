"""Building the bundle with words on a machine that has no torch: in an environment of its own, gone afterwards.

Speech and text are converted by the same code as everywhere, `export`, which traces them with torch. A second way from
weights to graphs, by numpy alone, would have to be proven anew with every version of the first; an environment that is
thrown away costs a download instead.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable, Sequence
from importlib.metadata import requires
from pathlib import Path

from edge.error import EmvasError
from edge.shipped import BUNDLE, CONFIGS

NAME = "words"
"""The part of the recipe, and what `emvas bundle fetch` calls it."""
_ROLES = ("asr", "text")
_EXTRAS = ("cpu", "export")
_EMVAS = "from edge.cli.main import main; main()"


class WordsError(EmvasError):
    """The bundle with words cannot be built here."""


def build_words(out: Path, tell: Callable[[str], None]) -> None:
    """Write the bundle `out`: the one that the package carries, with speech and text.

    Raises:
        WordsError: `out` is there already, or a step failed; what it said stands on the terminal.
    """
    if out.exists():
        raise WordsError(f"{out} is there already: name a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as place:
        home, built = Path(place) / "env", Path(place) / "built"
        tell("1 of 2: torch and what else converts models, into an environment that is removed afterwards")
        venv.create(home, with_pip=True)
        python = str(home / "bin" / "python")
        _install(python)
        _see_this_environment(home)
        tell("2 of 2: fetching the weights (340 MB), converting and proving them")
        shutil.copytree(BUNDLE, built)
        roles = [word for role in _ROLES for word in ("--role", role)]
        recipe = str(CONFIGS / "bundles" / "default.yaml")
        _run([python, "-c", _EMVAS, "bundle", "build", recipe, "--part", NAME, *roles, "--out", str(built)])
        built.rename(out)


def _install(python: str) -> None:
    named = [text for extra in _EXTRAS for text in _asked_by(extra)]
    torch = next(text for text in named if text.startswith("torch=="))
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"{torch}+cpu"], check=False, stderr=subprocess.DEVNULL)  # where the index has it
    _run([*pip, *named])


def _asked_by(extra: str) -> list[str]:
    """The requirements of an extra of this package, as pip takes them."""
    condition = f'extra == "{extra}"'
    asked = [text for text in requires("emvas-edge") or [] if condition in text]
    return [text.replace(f" and {condition}", "").replace(f"; {condition}", "") for text in asked]


def _see_this_environment(home: Path) -> None:
    """Let the new environment find this package after its own: installed or a checkout."""
    there = next((home / "lib").glob("python*/site-packages"))
    here = [sysconfig.get_path("purelib"), *(path for path in sys.path if path and Path(path).is_dir())]
    lines = [f"import site; site.addsitedir({path!r})" for path in dict.fromkeys(here) if "site-packages" in path]
    (there / "emvas.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _run(command: Sequence[str]) -> None:
    if code := subprocess.run(command, check=False).returncode:
        raise WordsError(f"{' '.join(command[1:4])} ... ended with {code}; its message stands above")
