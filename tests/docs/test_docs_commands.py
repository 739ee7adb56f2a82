"""Every command line of README.md and docs/ is one that the program, the Makefile or Python takes."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest
from guide_blocks import SHELL, blocks_of

from edge.cli.main import main as emvas

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINE = re.compile(r"^\s*(?:\$ )?(?:\w+=\S+ )*(?:sudo (?:-\w \S+ )*)?(?:\S*/)?(?:emvas|make|python3?) ")
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
OPERATORS = {"|", "||", "&", "&&", ";"}


def command_lines(text: str) -> list[str]:
    """Lines that call one of our programs, continued ones joined."""
    shell = (block.text for block in blocks_of(text) if block.language in ("", SHELL, "console", "sh"))
    joined = "\n".join(shell).replace("\\\n", " ")
    return [line.strip().removeprefix("$ ") for line in joined.splitlines() if LINE.match(line)]


def calls(line: str) -> list[list[str]]:
    """The programs a line starts, without sudo, settings, redirections and the folder of the program."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    skip = False
    for word in lexer:
        if word in OPERATORS:
            found.append([])
        elif set(word) <= set("<>"):
            skip = True
        elif skip:
            skip = False
        else:
            found[-1].append(word)
    return [_bare(words) for words in found if words]


def _bare(words: list[str]) -> list[str]:
    while words and (words[0] == "sudo" or re.match(r"\w+=", words[0])):
        words = words[1:]
        while words and words[0].startswith("-"):
            words = words[2:]
    return [words[0].rsplit("/", 1)[-1], *words[1:]] if words else ["sudo"]


def check_call(words: list[str]) -> None:
    """Raise click.UsageError or AssertionError when a call is not right; nothing is run."""
    program, arguments = words[0], words[1:]
    if program == "emvas":
        check_emvas(arguments)
    elif program == "make":
        named = [word for word in arguments if "=" not in word and not word.startswith("-")]
        assert set(named) <= TARGETS, f"no target {sorted(set(named) - TARGETS)}"
    elif program.startswith("python") and arguments[:1] == ["-m"]:
        ours = arguments[1].split(".")[0] in {"benchmarks", "demo", "docs", "edge", "export", "training"}
        assert not ours or importlib.util.find_spec(arguments[1]), f"no module {arguments[1]}"


def fault_of(line: str) -> str:
    """What is wrong with a line; empty when it is right."""
    try:
        for words in calls(line):
            check_call(words)
    except (click.UsageError, AssertionError) as error:
        return str(error)
    return ""


def check_emvas(words: list[str]) -> None:
    """A line with `...` leaves options out; every other one must be whole."""
    shortened, words = "..." in words, [word for word in words if word != "..."]
    command: click.Command = emvas
    context = click.Context(command, info_name="emvas")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, below, words = command.resolve_command(context, words)
        assert below is not None
        command, context = below, click.Context(below, info_name=name, parent=context)
    given, left, _ = command.make_parser(context).parse_args(list(words))
    assert not left, f"{context.command_path} takes no {left}"
    if "help" in given or "version" in given:
        return
    for parameter in command.params:
        value = given.get(parameter.name or "")
        values = [part for part in (value if isinstance(value, (tuple, list)) else [value]) if isinstance(part, str)]
        assert values or shortened or not parameter.required, f"{context.command_path} needs {parameter.name}"
        if not isinstance(parameter.type, (click.Path, click.File)):
            for part in values:
                parameter.type.convert(part, parameter, context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_line_of_a_page_is_right(page: Path) -> None:
    lines = command_lines(page.read_text(encoding="utf-8"))
    assert not [f"{line}\n    {fault}" for line in lines if (fault := fault_of(line))]


@pytest.mark.parametrize(
    "line",
    [
        "emvas bundel show build/bundle",
        "emvas run --config a.yaml --no-such-option",
        "emvas run --bundle b",
        "sudo /opt/emvas/bin/emvas bundle show one two",
        "cat x | emvas bundle show   # no folder",
        "make no-such-target",
        "python -m benchmarks.no_such_module",
    ],
)
def test_a_wrong_line_is_found(line: str) -> None:
    assert fault_of(line)
    assert line.startswith("cat") or command_lines(f"```bash\n{line}\n```") == [line]


def test_continued_lines_are_joined_and_other_languages_left_alone() -> None:
    text = "```json\n{}\n```\n```console\n$ emvas check \\\n    --json > out.json\n```\n```python\nmake = 1\n```\n"
    (line,) = command_lines(text)
    assert calls(line) == [["emvas", "check", "--json"]]
