"""Weights laid out as MMSA writes them, against the formulas of MMSA's forward written down once more here."""

import math

import pytest
import torch
from fusion_batches import DIMS
from mmsa_reference import REFERENCES, made_state, reference

from training.fusion.mmsa_checkpoints import from_mmsa
from training.fusion.mmsa_layouts import LAYOUTS
from training.fusion.models import FusionError, build

OPTIONS = {"ef_lstm": {"dims": DIMS}, "mfn": {"steps": 6}, "mult": {"heads": 2}}
LENGTH = 6


def inputs(lengths: tuple[int, int, int], rows: int = 3) -> list[torch.Tensor]:
    torch.manual_seed(5)
    values = [torch.randn(rows, length, size) for length, size in zip(lengths, DIMS.values(), strict=True)]
    return [*values, *[torch.full((rows,), length) for length in lengths], torch.ones(rows, 3)]


def test_every_layout_has_a_reference():
    assert set(REFERENCES) == set(LAYOUTS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_converted_model_agrees_with_the_reference(name):
    state = made_state(name)
    converted = from_mmsa(name, state, OPTIONS.get(name))
    model = build(name, converted.dims, converted.config).eval()
    model.load_state_dict(converted.state)
    assert converted.dims == DIMS
    lengths = (LENGTH,) * 3 if name in ("ef_lstm", "mfn") else (LENGTH, 9, 7)
    batch = inputs(lengths)
    expected = reference(name, state, *batch[:3])
    assert expected.std() > 1e-4
    torch.testing.assert_close(model(*batch)["score"], expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["tfn", "lmf", "lf_dnn", "ef_lstm", "mfn", "mult"])
def test_padded_to_gives_what_the_toolkit_gave_for_padded_samples(name):
    """MMSA pads all samples to one size and, but for self_mm, never looks at lengths."""
    state, padded = made_state(name), (LENGTH, 10, 8)
    options = {**OPTIONS.get(name, {}), "padded_to": padded}
    converted = from_mmsa(name, state, options)
    model = build(name, converted.dims, converted.config).eval()
    model.load_state_dict(converted.state)
    batch = inputs((4, 9, 7))
    full = [
        torch.nn.functional.pad(values, (0, 0, 0, size - values.shape[1]))
        for values, size in zip(batch[:3], padded, strict=True)
    ]
    if name == "mfn":
        full = [full[0], *[part.mean(dim=1, keepdim=True).expand(-1, LENGTH, -1) for part in full[1:]]]
    if name == "ef_lstm":
        full = [full[0], *[pooled(part, LENGTH) for part in full[1:]]]
    torch.testing.assert_close(model(*batch)["score"], reference(name, state, *full), atol=1e-5, rtol=0)


def pooled(values: torch.Tensor, steps: int) -> torch.Tensor:
    """Step i: the mean of frames i, i + steps, ...; frames past the end are the last one."""
    rounds = math.ceil(values.shape[1] / steps)
    frames = [[min(i + r * steps, values.shape[1] - 1) for r in range(rounds)] for i in range(steps)]
    return torch.stack([values[:, own].mean(dim=1) for own in frames], dim=1)


def test_what_is_no_checkpoint_of_the_model_is_a_sentence():
    state = made_state("tfn")
    with pytest.raises(FusionError, match="no checkpoint of MMSA's lmf"):
        from_mmsa("lmf", state)
    with pytest.raises(FusionError, match=r"it lacks layer_2\.bias"):
        from_mmsa("tfn", {key: value for key, value in state.items() if not key.endswith("post_fusion_layer_2.bias")})
    with pytest.raises(FusionError, match="has besides extra"):
        from_mmsa("tfn", {**state, "Model.extra": torch.zeros(1)})
    with pytest.raises(FusionError, match="give `dims`"):
        from_mmsa("ef_lstm", made_state("ef_lstm"))
    with pytest.raises(FusionError, match="give `steps`"):
        from_mmsa("mfn", made_state("mfn"))
    with pytest.raises(FusionError, match="'graph_mfn' cannot be read"):
        from_mmsa("graph_mfn", {})
