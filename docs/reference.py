"""Writes the reference pages from the program itself: `python -m docs.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.figures import readme
from docs.modules import glossary
from edge.cli.main import main as emvas
from edge.config import Config

FOLDER = Path(__file__).resolve().parent
README = FOLDER.parent / "README.md"
GLOSSARY = FOLDER / "glossary.md"
_TOUR = """\
```text
emvas demo                                                           # the synthetic drive, with the package's bundle
emvas unpack emvas                                                   # configurations, recipe and guides as files
emvas devices                                                        # cameras, microphones, and what is missing
emvas run     --config configs/bus-cab.yaml                          # the live box
emvas dashboard --config configs/bus-cab.yaml                        # the local page
emvas listen  --host broker.local                                    # the messages of boxes, in readable form
emvas report  --config configs/bus-cab.yaml --from 22:00 --to 06:00 --pdf --out night.pdf
emvas analyze talk.mp4 --consent --out out                           # replay and report in one
emvas evaluate alerts recordings --truth truth.json                  # false and missed alerts on your own footage

sudo emvas install                                                   # services, user, folders; uninstall removes them
sudo emvas config install configs/bus-cab.yaml                       # on trial: rolled back unless it runs well
sudo emvas bundle install                                            # verified, tested on this machine, swapped
emvas check --config configs/bus-cab.yaml                            # what is missing, and the command that fixes it
emvas diagnose --config configs/bus-cab.yaml --out box.tar.gz        # for support, without secrets

emvas bundle build configs/bundles/default.yaml --out build/bundle   # download pinned weights, convert, compare, pack
emvas bundle fetch words --out words                                 # the same without torch here, for the CPU
emvas features CH-SIMS --bundle build/bundle --out features.npz      # clips through the perception stages of the box
emvas train fusion --model mtme --data features.npz --seeds 5 --out runs/mtme
emvas evaluate fusion runs/mtme/seed-*/best.pt --data features.npz   # also with each modality missing
emvas train asr --config configs/training/asr/fsdd.yaml ...          # Conformer-CTC, whole or streaming; or Whisper
emvas export list                                                    # what can be exported, with the options
emvas export fusion runs/mtme/seed-1111/best.pt --into build/bundle --out build/with-mtme
emvas export engine build/bundle                                     # on the device: TensorRT engines, tested
emvas export report build/bundle --out docs/models                   # a model card for each role
```
"""
_WIDTH = 100
_BOUNDS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}", "min_length": "length ≥ {}", "pattern": "`{}`"}
_MADE = "`python -m docs.reference` writes this page; change the program, not the page.\n"


def walk(command: click.Command, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Yield every command below `command` that is not a group, with its context."""
    if not isinstance(command, click.Group):
        yield command, context
        return
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        if below is not None:
            settings: dict[str, Any] = {"terminal_width": _WIDTH, "max_content_width": _WIDTH}
            yield from walk(below, click.Context(below, info_name=name, parent=context, **settings))


def commands_page() -> str:
    """Return docs/commands.md: the help of every command."""
    parts = ["# Commands\n", _MADE, "Exit codes: 0 done, 1 failed or refused, 2 wrong usage.\n", _TOUR]
    for command, context in walk(emvas, click.Context(emvas, info_name="emvas")):
        parts.append(f"## `{context.command_path}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


def configuration_page() -> str:
    """Return docs/configuration.md: every key of a configuration."""
    parts = [
        "# Configuration\n",
        _MADE,
        "Each box has one YAML file; `configs/` holds examples. An unknown key is an error. A key with the default\n"
        "*required* must be given.\n",
        "## Top level\n",
    ]
    sections = {name: _section(field) for name, field in Config.model_fields.items()}
    parts.append(_table({name: Config.model_fields[name] for name, model in sections.items() if model is None}))
    for name, model in sections.items():
        if model is not None:
            left_out = " Optional." if Config.model_fields[name].default is None else ""
            meaning = (model.__doc__ or "").strip().splitlines()[0]
            parts += [f"## `{name}`\n", f"{meaning}{left_out}\n", _table(model.model_fields)]
    return "\n".join(parts)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _table(fields: dict[str, FieldInfo]) -> str:
    rows = ["| key | type | default | bounds | meaning |", "|---|---|---|---|---|"]
    for name, field in fields.items():
        cells = (f"`{name}`", _kind(field.annotation), _default(field), _bounds(field), field.description or "")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _kind(annotation: Any) -> str:
    if annotation is type(None):
        return "null"
    if isinstance(annotation, type) and not get_args(annotation):
        members = getattr(annotation, "__members__", None)
        return " or ".join(f"`{member.value}`" for member in members.values()) if members else annotation.__name__
    parts = [part for part in get_args(annotation) if part is not Ellipsis]
    if getattr(annotation, "__origin__", None) is tuple:
        return "list of " + " or ".join(_kind(part) for part in parts)
    return " or ".join(f"`{part}`" if isinstance(part, (str, int)) else _kind(part) for part in parts)


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "*required*"
    shown = {None: "null", True: "true", False: "false"}
    if field.default is None or isinstance(field.default, bool):
        return f"`{shown[field.default]}`"
    if isinstance(field.default, tuple):
        return ", ".join(f"`{part}`" for part in field.default)
    return f"`{field.default}`"


def _bounds(field: FieldInfo) -> str:
    found = []
    for rule in field.metadata:
        found += [
            text.format(getattr(rule, name)) for name, text in _BOUNDS.items() if getattr(rule, name, None) is not None
        ]
    return ", ".join(found)


if __name__ == "__main__":
    (FOLDER / "commands.md").write_text(commands_page(), encoding="utf-8")
    (FOLDER / "configuration.md").write_text(configuration_page(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
    GLOSSARY.write_text(glossary(GLOSSARY.read_text(encoding="utf-8")), encoding="utf-8")
