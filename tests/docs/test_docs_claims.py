"""What the guides say of the code is so: paths, names, causes and figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.alerts.kinds import KIND_OF_CAUSE
from edge.fatigue.attention import CAUSES as LOOKS
from edge.fatigue.policy import CAUSES

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs").glob("*.md"))
PATH = re.compile(r"`((?:edge|export|training|configs|docs|tests|benchmarks|demo)/[\w./*-]*)`")
NAME = re.compile(r"`([A-Z][a-z]\w+)(?:\.(\w+))?`")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_path_that_a_page_names_is_there(page: Path) -> None:
    named = [path for path in PATH.findall(text_of(page)) if "MODEL" not in path]
    assert not [path for path in named if not list(ROOT.glob(path.rstrip("/")))]


def test_a_class_and_a_method_that_the_walk_names_are_there() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "edge").rglob("*.py")))
    named = NAME.findall(text_of(ROOT / "docs" / "architecture.md"))
    assert len(named) > 20
    for kind, method in named:
        assert f"class {kind}" in source, kind
        assert not method or f"def {method}(" in source, f"{kind}.{method}"


def test_every_room_is_in_the_table() -> None:
    page = text_of(ROOT / "docs" / "architecture.md")
    rooms = {path.name for path in (ROOT / "edge").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert set(re.findall(r"^\| `edge/(\w+)/`", page, re.MULTILINE)) == rooms


def test_every_cause_stands_in_the_subscribers_table_with_its_kind_and_level() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\w+) \|", text_of(ROOT / "docs" / "subscriber.md"), re.MULTILINE)
    told = {cause: (kind, level) for cause, kind, level in rows}
    wanted = {cause: (KIND_OF_CAUSE[cause], level.name.lower()) for cause, level in CAUSES.items()}
    wanted |= {cause: ("distraction", level.name.lower()) for cause, level in LOOKS.items() if level}
    assert wanted.items() <= told.items()
