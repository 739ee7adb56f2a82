"""Every code block of the guides runs as written, or says on the page why it does not.

`make proof-guides` also runs the blocks that are marked `long` (EMVAS_GUIDES=long).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from guide_blocks import LONG, NOT_RUN, PYTHON, SHELL, Block, blocks_of, faults_of
from guide_runner import ROOT, GuideError, Newcomer, clone, debian_mosquitto, own_network, run_guide
from mqtt_helpers import needs_mosquitto

LONG_TOO = os.environ.get("EMVAS_GUIDES") == "long"
GENERATED = {"commands", "configuration", "performance", "variants"}
GUIDES = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.stem not in GENERATED]


def of(page: Path) -> list[Block]:
    return blocks_of(page.read_text(encoding="utf-8"))


def followed(page: Path) -> bool:
    return any(block.runs and (LONG_TOO or LONG not in block.marks) for block in of(page))


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_marks_are_honest(page: Path) -> None:
    assert not faults_of(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_json_and_yaml_can_be_read(page: Path) -> None:
    for block in of(page):
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "yaml":
            yaml.safe_load(block.text)


@pytest.mark.bundle
@needs_mosquitto
@pytest.mark.parametrize("page", [page for page in GUIDES if followed(page)], ids=lambda page: page.stem)
def test_a_guide_works_as_written(page: Path, bundle_dir: Path, tmp_path: Path) -> None:
    if LONG_TOO:
        list_what_is_not_run(page)
    folder = tmp_path / "emvas-edge"
    folder.mkdir()
    clone(folder, bundle_dir, LONG_TOO)
    with own_network() as within, debian_mosquitto(within, tmp_path):
        run_guide(of(page), Newcomer(folder, within), LONG_TOO)


def list_what_is_not_run(page: Path) -> None:
    for block in of(page):
        if block.language in (SHELL, PYTHON) and NOT_RUN in block.marks:
            print(f"not run: {page.name}:{block.line}: {block.marks[NOT_RUN]}")


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("<!-- not run -->\n```bash\nfalse\n```\n", "gives no reason"),
        ("<!-- not run: no -->\n```bash\nfalse\n```\n", "gives no reason"),
        ("<!-- slow: takes two hours -->\n```bash\nfalse\n```\n", "there is no mark 'slow'"),
        ("```\nemvas run\n```\n", "names no language"),
        ("    sudo emvas check\n", "an indented command"),
    ],
)
def test_a_mark_without_a_reason_is_a_fault(page: str, fault: str) -> None:
    (found,) = faults_of(page)
    assert fault in found


def test_a_mark_belongs_to_the_block_right_below_it() -> None:
    page = (
        "<!-- not run: needs a Jetson -->\n```bash\na\n```\n\n<!-- long: takes a minute -->\nText.\n```bash\nb\n```\n"
    )
    first, second = blocks_of(page)
    assert not first.runs
    assert second.runs
    assert second.marks == {}


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("```bash\ntrue\nfalse\ntrue\n```\n", "ended with 1"),
        ("```python\nimport no_such_module\n```\n", "ended with 1"),
        ("<!-- prints: two -->\n```bash\necho one\n```\n", "does not print 'two'"),
        ("<!-- until Ctrl+C: ready -->\n```bash\necho away\n```\n", "never said 'ready'"),
        (
            "<!-- until Ctrl+C: ready -->\n```bash\ntrap 'exit 3' INT; echo ready; cat < <(sleep 600) & wait\n```\n",
            "with 3",
        ),
    ],
)
def test_a_block_that_does_not_work_is_found(page: str, fault: str, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    with pytest.raises(GuideError, match=fault):
        run_guide(blocks_of(page), Newcomer(folder), long_too=True)


def test_folder_and_environment_last_but_not_in_another_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    page = (
        "```bash\nmkdir sub; cd sub; export WHO='a b'\n```\n"
        '<!-- prints: sub a b -->\n```bash\necho "${PWD##*/} $WHO"\n```\n'
        '<!-- until Ctrl+C: clone, -->\n```bash\ntrap "exit 0" INT; echo "${PWD##*/},$WHO"; sleep 600 & wait\n```\n'
    )
    run_guide(blocks_of(page), Newcomer(folder), long_too=True)
