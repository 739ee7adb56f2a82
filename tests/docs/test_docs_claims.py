"""What the guides say of the code is so: paths, names, causes and figures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from edge.alerts.condition import KIND_OF_CAUSE
from edge.config.purpose import ALLOWANCES, Purpose
from edge.fatigue.attention import CAUSES as LOOKS
from edge.fatigue.policy import CAUSES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PATH = re.compile(r"`((?:edge|export|training|configs|docs|tests|benchmarks|demo)/[\w./*-]*)`")
PLACEHOLDER = re.compile(r"MODEL|NAME|LANGUAGE")
NAME = re.compile(r"`([A-Z][a-z]\w+)(?:\.(\w+))?`")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_path_that_a_page_names_is_there(page: Path) -> None:
    named = [path for path in PATH.findall(text_of(page)) if not PLACEHOLDER.search(path)]
    assert not [path for path in named if not list(ROOT.glob(path.rstrip("/")))]


def test_a_class_and_a_method_that_the_walk_names_are_there() -> None:
    programs = (path for name in ("edge", "export", "training") for path in sorted((ROOT / name).rglob("*.py")))
    sources = [path.read_text(encoding="utf-8") for path in programs]
    named = NAME.findall(text_of(ROOT / "docs" / "architecture.md"))
    assert len(named) > 20
    for kind, method in named:
        homes = [source for source in sources if re.search(rf"^class {kind}\b", source, re.MULTILINE)]
        assert homes, kind
        assert not method or any(f"def {method}(" in home for home in homes), f"{kind}.{method}"


def test_the_difference_to_mmsa_is_that_of_its_proof() -> None:
    proof = json.loads((ROOT / "docs" / "evidence" / "mmsa.json").read_text(encoding="utf-8"))
    worst, lengths = max(proof["largest_difference"].values()), proof["lengths"]
    wanted = f"features MMSA {proof['mmsa']} and ours differ by at most {worst:.1e}, at lengths from {lengths[0]} to"
    assert f"{wanted} {lengths[-1]} " in text_of(ROOT / "docs" / "training.md")
    assert worst <= 1e-5


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


def test_the_table_of_purposes_is_that_of_the_gate() -> None:
    rows = {
        "records of eyes and fatigue": lambda allowed: {"face", "blink", "fatigue"} <= allowed.kinds,
        "stretches of speech, without words": lambda allowed: "speech" in allowed.kinds,
        "words": lambda allowed: allowed.words and "transcript" in allowed.kinds,
        "emotions of one person": lambda allowed: allowed.person_emotions and "affect" in allowed.kinds,
        "aggregates of a group": lambda allowed: "group" in allowed.kinds,
        "anything about one person": lambda allowed: allowed.per_person,
        "recorded consent demanded": lambda allowed: allowed.consent_needed,
    }
    header, _, *lines = (line for line in text_of(ROOT / "docs" / "privacy.md").splitlines() if line.startswith("|"))
    purposes = [Purpose(name) for name in re.findall(r"`([\w-]+)`", header)]
    assert set(purposes) == set(Purpose)
    told = {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)}
    assert told == {
        row: ["yes" if holds(ALLOWANCES[purpose]) else "no" for purpose in purposes] for row, holds in rows.items()
    }
