"""The message catalogues as they are written, and the codes that the program asks them for."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

from edge.i18n.texts import DOMAIN, FOLDER, Language

ROOT = Path(__file__).parents[2]
_CALLED = ("labels", "self._labels", "_LABELS")


def written(language: Language) -> dict[str, str]:
    """Code and text of each message of a `.po` file. ValueError: a code stands twice in it."""
    path = FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    codes = re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    twice = {code for code in codes if codes.count(code) > 1}
    if twice:
        raise ValueError(f"{path}: {', '.join(sorted(twice))} more than once")
    with path.open("rb") as file:
        return {message.id: message.string for message in read_po(file, language) if message.id and not message.fuzzy}


def parameters(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def modules() -> Iterator[ast.Module]:
    """The syntax of each module that may show a text."""
    for path in sorted((ROOT / "edge").rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def calls(*names: str) -> Iterator[ast.Call]:
    """The calls of these names that have a first argument."""
    for module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in names:
                yield node


def asked() -> set[str]:
    """Every literal code that is handed to `labels(...)`, in modules and in templates."""
    codes = {str(call.args[0].value) for call in calls(*_CALLED) if isinstance(call.args[0], ast.Constant)}
    return codes | {code for text in _templates() for code in re.findall(r'\bt\("([^"]+)"[),]', text)}


def sentences() -> Iterator[tuple[str, set[str]]]:
    """Code and names of the parameters of every `Sentence(...)`. ValueError: one whose code cannot be read here."""
    for call in calls("Sentence"):
        first = call.args[0]
        if not isinstance(first, ast.Constant) or any(keyword.arg is None for keyword in call.keywords):
            raise ValueError(f"write code and parameters of a Sentence where it is made: {ast.unparse(call)}")
        yield str(first.value), {str(keyword.arg) for keyword in call.keywords}


def mentioned() -> set[str]:
    """Every string of the program: a code that is none of them is not used."""
    found = {
        node.value
        for module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return found | asked()


def composed() -> list[re.Pattern[str]]:
    """The codes that are put together, as `done_{op}`."""
    patterns = []
    for argument in (argument for call in calls(*_CALLED, "_named") for argument in call.args):
        if isinstance(argument, ast.JoinedStr):
            parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else r"\w+" for p in argument.values]
            patterns.append("".join(parts))
        elif isinstance(argument, ast.BinOp) and isinstance(argument.left, ast.Constant):
            patterns.append(re.escape(str(argument.left.value)) + r"\w+")
    patterns += [f"{start}\\w+" for text in _templates() for start in re.findall(r'\bt\("([^"]+)" ~', text)]
    return [re.compile(pattern) for pattern in patterns]


def _templates() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((ROOT / "edge").rglob("*.j2"))]
