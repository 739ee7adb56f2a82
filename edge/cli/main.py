"""The command `emvas`: a table of entry points, each loaded when it is used.

Exit codes: 0 done, 1 failed or refused, 2 wrong usage.
"""

from __future__ import annotations

import difflib
import importlib.metadata
from typing import Any

import click

from edge.error import EmvasError
from edge.process import no_dumps

_GROUP = "emvas.commands"
_EXTRAS = {
    "ai_edge_litert": "export",
    "faster_whisper": "export",
    "onnx": "export",
    "skimage": "export",
    "sklearn": "export",
    "torch": "export",
    "transformers": "export",
    "optuna": "train",
    "tensorboard": "train",
    "fastapi": "dashboard",
    "nicegui": "dashboard",
    "starlette": "dashboard",
    "uvicorn": "dashboard",
    "xlsxwriter": "dashboard",
    "onnxruntime": "cpu",
}
"""The extra of the package that brings a module (pyproject, `optional-dependencies`)."""


class NotInstalledError(EmvasError):
    """A command needs an extra that is not installed."""


class LazyGroup(click.Group):
    """The commands whose entry points start with `prefix`; a dot in the rest makes a group."""

    def __init__(self, prefix: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        found = importlib.metadata.entry_points(group=_GROUP)
        self._entries = {entry.name.removeprefix(prefix): entry for entry in found if entry.name.startswith(prefix)}
        self._prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names at this level."""
        return sorted({name.split(".")[0] for name in self._entries})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command, or make the group of that name."""
        if cmd_name in self._entries:
            return self._load(self._entries[cmd_name])
        if any(name.startswith(f"{cmd_name}.") for name in self._entries):
            return LazyGroup(f"{self._prefix}{cmd_name}.", name=cmd_name, help=_GROUP_HELP.get(cmd_name))
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; the error about an unknown name lists the known names."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            ctx.fail(f"no command {args[0]!r}; {meant}there are {', '.join(self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of this level, at the top by task."""
        named = {name for names in _TASKS.values() for name in names}
        rest = tuple(name for name in self.list_commands(ctx) if name not in named or self._prefix)
        tasks = {"Commands": rest} if self._prefix else {**_TASKS, "More": rest}
        for task, names in tasks.items():
            rows = [
                (name, command.get_short_help_str(60)) for name in names if (command := self.get_command(ctx, name))
            ]
            if rows:
                with formatter.section(task):
                    formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an EmvasError becomes its sentence and exit code 1."""
        try:
            return super().invoke(ctx)
        except EmvasError as error:
            raise click.ClickException(_printable(str(error))) from error
        except ModuleNotFoundError as error:
            raise click.ClickException(str(_missing(error))) from error

    def _load(self, entry: importlib.metadata.EntryPoint) -> click.Command:
        try:
            command: click.Command = entry.load()
        except ModuleNotFoundError as error:
            sentence = str(_missing(error))

            def refuse(**_: Any) -> None:
                raise NotInstalledError(sentence)

            settings = {"ignore_unknown_options": True, "allow_extra_args": True}
            return click.Command(entry.name, callback=refuse, short_help=f"({sentence})", context_settings=settings)
        return command


_TASKS: dict[str, tuple[str, ...]] = {
    "Set up": ("config", "devices", "aim", "check", "install", "uninstall", "unpack"),
    "Run": ("run", "dashboard", "listen", "demo"),
    "Look": ("report", "replay", "analyze", "evaluate", "diagnose"),
    "Models": ("bundle", "releases", "export"),
    "Train": ("features", "convert-features", "merge-features", "train", "tune"),
}
"""The groups of `emvas --help`; a command in no group is listed in the last one."""

_GROUP_HELP = {
    "bundle": "The models: build, verify, sign and install a bundle.",
    "config": "The box's configuration: make one by questions, install it, go back to the one before.",
    "releases": "Bundles and configurations in use, and their trial.",
    "export": "Trained models into a bundle: traced, proven, quantized, described.",
    "evaluate": "The figures of trained models, and of the box on recordings.",
    "train": "Train models on features or recordings.",
    "tune": "Search hyperparameters.",
}


def _printable(sentence: str) -> str:
    """The sentence with control characters escaped: it may quote a file name from an untrusted source."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in sentence)


def _missing(error: ModuleNotFoundError) -> NotInstalledError:
    """The error for a module that an extra brings; any other missing module is a bug and raised unchanged."""
    extra = _EXTRAS.get((error.name or "").split(".")[0])
    if extra is None:
        raise error
    return NotInstalledError(f"this needs {error.name}, which is not installed: pip install 'emvas-edge[{extra}]'")


@click.command(cls=LazyGroup, epilog="Example: emvas check --bundle build/bundle")
@click.version_option(package_name="emvas-edge", prog_name="emvas")
def main() -> None:
    """EMVAS Edge: camera and microphone in, alerts and summaries out."""
    no_dumps()
