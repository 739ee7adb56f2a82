"""The settings files that come with the program fit the models they are for."""

import pytest

from training.fusion.models import MODELS, build, configure
from training.fusion.settings import CONFIGS, checked, published, read
from training.fusion.trainer import optimizer_of

FILES = sorted(file.stem for file in CONFIGS.glob("*.yaml"))


def test_every_model_has_settings_for_every_data_set_it_can_learn_from():
    """The three with true single-modality labels only need a data set that has them, which is CH-SIMS."""
    needs_labels = {"mtfn", "mlf_dnn", "mlmf"}
    wanted = {f"{name}-{data}" for name in MODELS for data in ("sims", "mosi", "mosei")}
    assert set(FILES) >= wanted - {f"{name}-{data}" for name in needs_labels for data in ("mosi", "mosei")}


@pytest.mark.parametrize("file", [f"{name}-sims" for name in MODELS])
def test_settings_build_a_model_and_an_optimizer(file):
    name, data = file.rsplit("-", 1)
    settings = published(name, data)
    model = build(name, {"text": 16, "audio": 4, "vision": 5}, settings.model)
    optimizer_of(model, settings.training)


@pytest.mark.parametrize("file", FILES)
def test_hyperparameters_are_known_to_the_model(file):
    name, data = file.rsplit("-", 1)
    if name in MODELS:
        assert configure(name, published(name, data).model)
        assert published(name, data).dataset == data


def test_a_written_file_has_the_keys_in_their_order_and_no_default(tmp_path):
    content = {"dataset": "sims", "model": {"text_out": 3, "hidden": [4, 5, 6]}, "training": {"epochs": 4}}
    settings = checked(content, "here")
    settings.write(tmp_path / "s.yaml")
    lines = [line for line in (tmp_path / "s.yaml").read_text().splitlines() if not line.startswith("  -")]
    assert lines == ["dataset: sims", "model:", "  text_out: 3", "  hidden:", "training:", "  epochs: 4"]
    assert read(tmp_path / "s.yaml") == settings
    assert [path.name for path in tmp_path.iterdir()] == ["s.yaml"]
