from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.config import Config, ConfigError, load_config

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
EXAMPLES = ["bus-cab", "classroom", "desk"]


def refusal(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    return str(error.value)


@pytest.mark.parametrize("password", ["s3 cret", "s3'cret", 's3"cret', "s3<cret", "s3\\tcret"])
def test_a_cameras_address_with_signs_that_none_may_have_is_refused_without_repeating_it(
    tmp_path: Path, password: str
) -> None:
    config = {"purpose": "driver-safety", "camera": {"uri": f"rtsp://viewer:{password}@10.0.0.7/live?pwd=s3cret"}}
    path = tmp_path / "box.yaml"
    said = refusal(path, yaml.safe_dump(config))
    assert "write %20 for a space" in said
    assert "rtsp://10.0.0.7/live" in said
    assert "cret" not in said


def test_a_file_whose_references_stand_for_a_billion_values_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["purpose: driver-safety", "x0: &x0 [a, a, a, a, a, a, a, a, a, a]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 10)]
    said = refusal(tmp_path / "box.yaml", "\n".join([*lines, "speech: {language: *x9}"]))
    assert "expand to more than 10000 values" in said
    merged = ["purpose: driver-safety", "x0: &x0 {a: 1, b: 2}"]
    merged += [f"x{n}: &x{n} {{<<: [{', '.join([f'*x{n - 1}'] * 10)}]}}" for n in range(1, 10)]
    assert "expand to more than 10000 values" in refusal(tmp_path / "box.yaml", "\n".join(merged))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_valid(name: str) -> None:
    config = load_config(CONFIGS / f"{name}.yaml")
    assert config.models.bundle is None
    assert config.camera.uri is not None


def test_what_the_examples_stand_for() -> None:
    cab, room, desk = (load_config(CONFIGS / f"{name}.yaml") for name in EXAMPLES)
    assert not cab.allowance.words
    assert not room.allowance.per_person
    assert not room.speech.transcribe
    assert desk.consent == "recorded"
    assert desk.allowance.words


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("purpose: driver-safety\ncamra:\n  fps: 30\n", 2, ["`camra` is not a key", "did you mean `camera`", "vision"]),
        ("purpose: driver-safety\nmqtt:\n  host: a\n  prot: 1\n", 4, ["`mqtt.prot`", "`port`", "allowed: host, port"]),
        ("purpose: driver-safty\n", 1, ["did you mean `driver-safety`", "'research'"]),
        ("purpose: driver-safety\ncamera:\n\n  fps: 900\n", 4, ["`camera.fps`", "60", "it is 900"]),
        ("purpose: driver-safety\nalerts:\n  cooldown_s: fast\n", 3, ["valid number", "it is 'fast'"]),
        ("purpose: driver-safety\nmodels: {provider: cude}\n", 2, ["did you mean `cuda`"]),
        ("purpose: driver-safety\ncamera:\n  uri: /dev/video0\n", 3, ["v4l2://", "rtsp://", "it is '/dev/video0'"]),
        ("purpose: driver-safety\nmqtt:\n  port: 1\n", 2, ["`mqtt.host` is missing"]),
        ("purpose: driver-safety\nbox:\n", 2, ["`box` is a section"]),
        ("purpose: driver-safety\nbox:\n  id: a\nbox:\n  id: b\n", 4, ["`box` is given twice"]),
        ("purpose: research\n", 1, ["consent: recorded"]),
        ("purpose: driver-safety\nstore: {keep_words: true}\n", 1, ["keep_words is not allowed for purpose driver-sa"]),
        ("purpose: [driver-safety\n", 2, ["not valid YAML"]),
        ("- purpose\n", 1, ["`key: value` lines"]),
        ("", 1, ["`key: value` lines"]),
    ],
)
def test_a_fault_gives_file_line_what_is_allowed_and_the_nearest_name(
    tmp_path: Path, text: str, line: int, words: list[str]
) -> None:
    path = tmp_path / "box.yaml"
    said = refusal(path, text)
    assert said.startswith(f"{path}:{line}: ")
    for word in words:
        assert word in said


def test_every_fault_has_its_own_line(tmp_path: Path) -> None:
    said = refusal(tmp_path / "box.yaml", "purpose: driver-safety\ncamera:\n  fsp: 1\nalerts:\n  hold: 3\n")
    assert [line.split(": ")[0].rsplit(":", 1)[1] for line in said.splitlines()] == ["3", "5"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"purpose: caf\xe9")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "latin.yaml")


@pytest.mark.parametrize("text", ["a: 2001-99-99", "a: !!int b", "a: !!timestamp b", "[" * 3000, "? [a]\n: b"])
def test_what_trips_the_yaml_reader_itself_is_a_sentence(tmp_path: Path, text: str) -> None:
    assert "not valid YAML" in refusal(tmp_path / "box.yaml", text)


TOKENS = st.sampled_from(
    ["\n", "  ", ": ", "- ", "null", "true", "1e999", ".nan", "-1", "&a", "*a", "<<: *a", "!!int ", "{", "}", "[", "]"]
) | st.sampled_from(
    ['"', "'", "#", "|", ">", "%", "@", "\t", "\x00", "? ", "2001-99-99", "!!binary ", "é", "purpose", "camera:\n"]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_edit_of_a_valid_file_gives_a_config_or_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    text = (CONFIGS / f"{data.draw(st.sampled_from(EXAMPLES))}.yaml").read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 4), label="edits")):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(TOKENS | st.text(max_size=8)) + text[end:]
    path = tmp_path / "box.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        assert isinstance(load_config(path), Config)
    except ConfigError as error:
        assert str(path) in str(error)
