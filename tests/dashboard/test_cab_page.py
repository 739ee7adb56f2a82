"""The page in a bus cab, on a 7-inch screen and read from the driver's seat."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from browser import Page, faults
from dashboards import served, write
from scenes import SCENES

from edge.messages import Source

AHEAD_S = 30.0
"""Time for a busy machine to open the page: a box that wrote nothing for 5 s is history."""
LEAST_NAME_PX = 32
"""ISO 15008: 12 minutes of arc at 1 m are 3.5 mm, on 1024 pixels over 154 mm 23 px, the capitals of a letter of 32."""
NAMES = (
    "[...document.querySelectorAll('.ev-level, .ev-cause, .ev-since, .ev-tile span')]"
    ".filter(e => e.offsetParent && e.innerText)"
)
HEAD = "document.querySelector('.ev-head').innerText"


@pytest.mark.parametrize(
    ("scene", "language", "says"),
    [
        ("cab", "en", ("warning", "eyes closed too much of the time", "repeated yawning", "for ", "drowsiness")),
        ("cab", "zh", ("警告", "闭眼时间过长", "已持续", "最近警报", "困倦")),
        ("blind", "en", ("unknown", "too dark", "for 4:", "cannot see the eyes", "the speaker takes no sound")),
        ("empty", "zh", ("未知", "从未收到此设备的任何数据")),
    ],
)  # fmt: skip
def test_all_that_matters_is_seen_from_the_seat(
    tab: Page, shots: Path, tmp_path: Path, scene: str, language: str, says: tuple[str, ...]
) -> None:
    made = SCENES[scene]()
    config = tmp_path / "box.yaml"
    config.write_text(yaml.safe_dump(made.config, allow_unicode=True))
    if made.messages:
        write(tmp_path / "timeline.db", made.messages, time.time() - made.length_s + AHEAD_S)
    with served("--config", str(config), "--state", str(tmp_path)) as url:
        tab.open(f"{url}/{language}")
        found = tab.wait_for(*says)
        tab.picture(shots / f"cab-{scene}-{language}.png")
        assert tab.run("document.documentElement.scrollHeight") <= 600, "nothing is below the fold"
        sizes = tab.run(f"{NAMES}.map(e => parseFloat(getComputedStyle(e).fontSize))")
        assert min(sizes) >= LEAST_NAME_PX
        box = made.config["box"]["id"]
        assert box in tab.run(HEAD) and box in tab.run("document.title"), "which box it is"
        assert faults(tab) == []
    first = found.index(says[1])
    assert all(first < found.index(less) for less in says[2:3]), "the gravest cause comes first"
    assert ("Can I be warned?" in found or "能否警告我" in found) is (scene != "empty"), "nothing is invented"


def test_what_is_switched_off_is_small_and_grey(tab: Page, tmp_path: Path) -> None:
    made = SCENES["cab"]()
    config = tmp_path / "box.yaml"
    config.write_text(yaml.safe_dump(made.config))
    off = Source(0.0, "fatigue", "absent", "switched off by fatigue.enabled")
    write(tmp_path / "timeline.db", [off], time.time() + AHEAD_S)
    with served("--config", str(config), "--state", str(tmp_path)) as url:
        tab.open(f"{url}/en")
        tab.wait_for("off")
        size = tab.run("parseFloat(getComputedStyle(document.querySelector('.ev-level')).fontSize)")
        assert size < 20
