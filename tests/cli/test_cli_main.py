"""The command itself: exit codes, sentences, and what happens without an extra."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_recording import drive, write_jsonl

from edge.cli.main import main

COMMANDS = [["run"], ["replay"], ["check"], ["devices"], ["listen"], ["dashboard"], ["report"]]
BUNDLE_COMMANDS = [["bundle", "show"], ["bundle", "verify"], ["bundle", "build"]]
INSTALL_COMMANDS = [
    ["install"],
    ["uninstall"],
    *(["bundle", name] for name in ("install", "rollback", "sign")),
    *(["config", name] for name in ("install", "rollback")),
    *(["releases", name] for name in ("show", "start", "stop")),
]


def emvas(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a fresh interpreter, after `code`."""
    script = f"import sys\n{code}\nfrom edge.cli.main import main\nsys.argv = {['emvas', *arguments]!r}\nmain()"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)


def test_help_lists_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    listed = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ") and line.strip()]
    assert {*(command[0] for command in COMMANDS), "bundle"} <= set(listed)


@pytest.mark.parametrize("command", [*COMMANDS, *BUNDLE_COMMANDS, *INSTALL_COMMANDS], ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"emvas {' '.join(command)}" in result.stdout


def test_the_version_is_the_packages() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("emvas")


@pytest.mark.parametrize("arguments", [["chekc"], ["bundle", "biuld"], ["check"], ["check", "--nope"]], ids=" ".join)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2


def test_an_unknown_command_is_told_with_those_that_exist() -> None:
    result = CliRunner().invoke(main, ["bundle", "biuld"])
    there_are = "build, fetch, install, rollback, show, sign, table, tensorrt, verify"
    assert f"no command 'biuld'; did you mean 'build'? there are {there_are}" in result.stderr


def test_a_refusal_is_one_sentence_without_traceback(tmp_path: Path) -> None:
    result = emvas("", "check", "--bundle", str(tmp_path))
    assert result.returncode == 1
    assert "is not a bundle" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("torch", "export", ["bundle", "build", "configs/bundles/default.yaml", "--out", "unused"]),
        ("onnx", "export", ["bundle", "build", "configs/bundles/default.yaml", "--out", "unused"]),
        ("onnxruntime", "cpu", ["check", "--bundle", "unused"]),
    ],
)
def test_a_missing_extra_is_named(module: str, extra: str, arguments: list[str]) -> None:
    result = emvas(f"sys.modules[{module!r}] = None", *arguments)
    assert result.returncode == 1
    assert f"pip install 'emvas-edge[{extra}]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_help_works_without_the_extras() -> None:
    result = emvas("for name in ('torch', 'onnx', 'onnxruntime', 'nicegui'): sys.modules[name] = None", "--help")
    assert result.returncode == 0
    assert "check" in result.stdout


def test_a_report_does_not_wait_for_the_packages_of_the_live_page(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "talk.jsonl", drive())
    result = emvas("sys.modules['nicegui'] = None", "report", str(path))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "talk.html").is_file()


def test_a_fault_of_ours_is_not_dressed_up_as_a_missing_extra() -> None:
    result = emvas("sys.modules['edge.bundle.selftest'] = None", "check", "--bundle", "unused")
    assert result.returncode == 1
    assert "Traceback" in result.stderr


def test_help_is_grouped_by_task_and_no_command_is_left_out() -> None:
    told = CliRunner().invoke(main, ["--help"]).stdout
    for task in ("Set up:", "Run:", "Look:", "Models:", "Train:"):
        assert task in told
    assert "More:" not in told, "a new command needs a place in `_TASKS`"


@pytest.mark.parametrize(("mistyped", "meant"), [("chekc", "check"), ("devcies", "devices"), ("rpeort", "report")])
def test_a_mistyped_command_is_guessed(mistyped: str, meant: str) -> None:
    assert f"did you mean '{meant}'?" in CliRunner().invoke(main, [mistyped]).output
