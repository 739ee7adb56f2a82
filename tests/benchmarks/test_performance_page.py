"""The page about speed says what was measured, and of the rest why not."""

from pathlib import Path
from typing import Any

from benchmarks.speed.page import SECTIONS, page, plot
from benchmarks.speed.performance import questions, reports_of, same_machine

MACHINE = {"cpu": "X", "cores": 2, "architecture": "x86_64", "python": "3.11", "onnxruntime": "1", "load_1_min": 0.1}
RACE = {"clip": "a.mp4", "turns": 9, "ours_ms": 8.25, "peer_ms": 5.5, "ratio": 1.5, "ratio_quartiles": [1.4, 1.6]}


def report(answers: dict[str, Any]) -> dict[str, Any]:
    dated = {name: {"when": "2026-11-22T08:00", **answer} for name, answer in answers.items()}
    return {"machine": MACHINE, "bundle": "b 1", "quick": True, "answers": dated}


def test_measured_and_unmeasured_questions_stand_on_the_page() -> None:
    answers = {
        "face_mesh": {"figures": {"peer": "mediapipe==0.10.14", "clips": [RACE]}},
        "alert_latency": {"not_measured": "Mosquitto is not installed"},
    }
    text = page([report(answers)])
    assert "| a.mp4 | 9 | 8.25 | 5.5 | 1.5 | 1.4 to 1.6 |" in text
    assert "Not measured: Mosquitto is not installed" in text
    assert "`python -m benchmarks.speed.face_mesh`, 2026-11-22T08:00" in text


def test_the_plot_is_drawn_also_without_figures(tmp_path: Path) -> None:
    plot([report({"face_mesh": {"not_measured": "no peer"}})], tmp_path / "p.svg")
    assert "<svg" in (tmp_path / "p.svg").read_text()


def test_every_question_has_a_command_and_a_section() -> None:
    asked = questions(Path("clips"), Path("data"), quick=False)
    root = Path(__file__).resolve().parents[2]
    modules = [SECTIONS[question.name].module for question in asked]
    assert all((root / "benchmarks" / f"{module.replace('.', '/')}.py").is_file() for module in modules)
    text = page([report({question.name: {"not_measured": "not asked"} for question in asked})])
    assert text.count("Not measured: not asked") == len(asked)


def test_each_machine_has_its_part_and_keeps_it() -> None:
    first = report({"face_mesh": {"figures": {"peer": "p", "clips": [RACE]}}})
    other = first | {"machine": MACHINE | {"cpu": "Y"}}
    text = page([first, other])
    assert text.index("## X\n") < text.index("## Y\n")
    assert text.count("| a.mp4 | 9 |") == 2
    busier = first | {"machine": MACHINE | {"load_1_min": 7.0, "python": "3.12"}}
    assert same_machine(first, busier) and not same_machine(first, other)


def test_the_published_page_is_made_of_its_figures() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    assert (docs / "performance.md").read_text(encoding="utf-8") == page(reports_of(docs / "performance.json"))
