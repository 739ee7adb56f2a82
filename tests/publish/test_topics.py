"""The table of topics: paths that read back, and the document that people are given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.appliance import BoxConfig
from edge.publish.topics import TOPICS, Address, Keeping, address_of, path_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "mqtt.md"
NAMES = st.from_regex(r"\A[A-Za-z0-9_-]{1,12}\Z")


@given(base=NAMES, site=NAMES, box=NAMES, name=st.sampled_from(sorted(TOPICS)))
def test_a_path_reads_back_to_its_box_and_row(base: str, site: str, box: str, name: str) -> None:
    path = path_of(name, base, BoxConfig(site=site, id=box), op="snooze")
    assert address_of(path, base) == Address(site, box, name, "snooze" if "{op}" in TOPICS[name].path else None)


@given(
    path=st.text("abemvs/", max_size=20) | st.sampled_from(["emvas/a/b/c/d/status", "emvas/status", "emvas/a/b/alert"])
)
def test_any_other_topic_is_none_of_ours(path: str) -> None:
    assert address_of(path, "emvas") is None


def test_what_must_not_be_lost_is_acknowledged_and_what_is_retained_is_kept() -> None:
    for topic in TOPICS.values():
        assert topic.keeping is Keeping.NONE or topic.qos == 1
        assert (topic.keeping is Keeping.LATEST) == topic.retained


def rows_of_the_document() -> dict[str, list[str]]:
    cells = (
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `<base>/")
    )
    names = {topic.path.replace("{", "").replace("}", ""): name for name, topic in TOPICS.items()}
    return {names[re.sub("[`<>]", "", row[0])]: row for row in cells}


@pytest.mark.parametrize("name", TOPICS)
def test_the_document_has_this_row_of_the_table(name: str) -> None:
    topic = TOPICS[name]
    expiry = "" if topic.expiry_s is None else f"{topic.expiry_s} s"
    path = "`" + topic.path.replace("{", "<").replace("}", ">") + "`"
    retained = "yes" if topic.retained else ""
    assert rows_of_the_document()[name] == [path, str(topic.qos), retained, topic.keeping.value, expiry, topic.payload]


def test_the_document_has_no_other_rows() -> None:
    assert rows_of_the_document().keys() == TOPICS.keys()
