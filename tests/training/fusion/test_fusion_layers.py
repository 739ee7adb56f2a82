"""Parts of the fusion models against their definitions, written out plainly."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from training.fusion.label_generation import LabelGeneration
from training.fusion.layers.align import align
from training.fusion.layers.stream import ModalityDropout, stream
from training.fusion.layers.subnets import PresentNorm
from training.fusion.layers.tensor_fusion import TensorFusion, contracted
from training.fusion.losses import GeneratedLabels, MultiTask, Targets, moment_distance, overlap


class Largest(TorchDispatchMode):
    """Remembers the size of the largest result of any operation."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.shape[:1] == (7,):
            self.numbers = max(self.numbers, result.numel() // 7)
        return result


def test_tensor_fusion_is_the_materialised_layer_with_a_tenth_of_its_numbers():
    """The proportions of TFN on CH-SIMS, in small: text 64, audio 8, vision 32, out 8.

    In float64: a sum of 19,305 float32 products differs by 3e-5 between machines, in whichever order each adds them.
    """
    torch.manual_seed(0)
    t, a, v = (torch.randn(7, width, dtype=torch.float64) for width in (64, 8, 32))
    weight, bias = torch.randn(8, 9 * 33 * 65, dtype=torch.float64) * 0.05, torch.randn(8, dtype=torch.float64)
    fusion = TensorFusion(64, 8, 32, 8, dropout=0.0).double()
    fusion.load_state_dict({"weight": contracted(weight, 64), "bias": bias})

    def materialised() -> torch.Tensor:
        ones = torch.ones(7, 1, dtype=torch.float64)
        pairs = torch.bmm(torch.cat([ones, a], 1).unsqueeze(2), torch.cat([ones, v], 1).unsqueeze(1)).view(7, -1, 1)
        cells = torch.bmm(pairs, torch.cat([ones, t], 1).unsqueeze(1)).view(7, -1)
        return torch.nn.functional.linear(cells, weight, bias)

    with torch.no_grad(), Largest() as ours:
        got = fusion(t, a, v)
    with torch.no_grad(), Largest() as theirs:
        expected = materialised()
    torch.testing.assert_close(got, expected, atol=1e-10, rtol=1e-10)
    assert ours.numbers * 10 <= theirs.numbers


def test_spread_averages_equal_parts_of_the_real_length():
    values = torch.arange(1.0, 7).view(1, 6, 1)
    part = stream(torch.cat([values, values.new_full((1, 3, 1), 99)], dim=1), torch.tensor([6]), torch.ones(1))
    assert align(part, 3, "spread").flatten().tolist() == pytest.approx([1.5, 3.5, 5.5])
    assert align(part, 4, "spread").flatten().tolist() == pytest.approx([4 / 3, 8 / 3, 13 / 3, 17 / 3])
    one = stream(values, torch.tensor([1]), torch.ones(1))
    assert align(one, 3, "spread").flatten().tolist() == pytest.approx([1, 1, 1])


def test_modality_dropout_takes_the_stated_share_and_never_everything():
    torch.manual_seed(0)
    presence = torch.ones(4000, 3)
    presence[:, 2] = 0
    layer = ModalityDropout(0.4).train()
    kept = layer(presence)
    assert (kept.sum(dim=1) > 0).all() and (kept[:, 2] == 0).all()
    assert kept[:, 0].mean().item() == pytest.approx(1 - 0.4 * 0.6, abs=0.03)
    assert torch.equal(layer.eval()(presence), presence)


def test_normalization_learns_from_present_rows_only():
    torch.manual_seed(0)
    rows, present = torch.randn(6, 3), torch.tensor([1.0, 1, 0, 1, 0, 1]).unsqueeze(1)
    ours, plain = PresentNorm(3).train(), torch.nn.BatchNorm1d(3).train()
    kept = present.flatten() > 0
    torch.testing.assert_close(ours(rows * present, present)[kept], plain(rows[kept]), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.running_var, plain.running_var)
    torch.testing.assert_close(ours.running_mean, plain.running_mean)


def labels(least_distance: float = 0.0) -> LabelGeneration:
    made = LabelGeneration(bound=1.0, exclude_zero=True, least_distance=least_distance)
    single = torch.full((4, 3), torch.nan)
    single[0, 1] = 0.3
    made.begin(torch.tensor([0.8, 0.4, -0.6, -1.0]), single, (1, 1, 1, 1))
    rows = torch.tensor([[2.0], [1.0], [-1.0], [-2.0]])
    everything = dict.fromkeys(("fused", "text", "audio", "vision"), rows)
    made.update(torch.arange(4), everything, torch.ones(4, 3), epoch=1)
    return made


def test_generated_labels_follow_the_formula():
    """Centres are 1.5 and -1.5; a fused F* of 1 has D_m = (2.5 - 0.5) / 0.5 = 4, a text F* of 0.5 has D_s = 1."""
    made = labels()
    batch = {name: torch.tensor([[1.0]]) for name in ("fused", "audio", "vision")} | {"text": torch.tensor([[0.5]])}
    made.update(torch.tensor([1]), batch, torch.tensor([[1.0, 1, 0]]), epoch=2)
    fresh = max(0.5 * (1 / 4) * 0.4 + 0.5 * (0.4 + 1 - 4), -1)
    assert made.single[1, 0].item() == pytest.approx(1 / 3 * 0.4 + 2 / 3 * fresh, abs=1e-6)
    assert made.single[1, 1].item() == pytest.approx(0.4)  # D_s = D_m: what the whole says
    assert made.single[1, 2].item() == pytest.approx(0.4)  # vision was not shown


def test_given_labels_stay_and_undecided_samples_generate_none():
    made = labels(least_distance=0.05)
    undecided = dict.fromkeys(("fused", "text", "audio", "vision"), torch.zeros(1, 1))
    undecided["text"] = torch.ones(1, 1)
    made.update(torch.tensor([1]), undecided, torch.ones(1, 3), epoch=2)
    assert made.single[1].tolist() == pytest.approx([0.4] * 3)
    away = {**undecided, "fused": torch.ones(1, 1), "audio": torch.full((1, 1), -2.0)}
    made.update(torch.tensor([0]), away, torch.ones(1, 3), epoch=2)
    assert made.single[0, 1].item() == pytest.approx(0.3)


def test_label_generation_resumes_from_its_state():
    made, other = labels(), LabelGeneration(1.0, True, 0.0)
    other.begin(torch.zeros(4), torch.full((4, 3), torch.nan), (1, 1, 1, 1))
    other.load_state_dict(made.state_dict())
    batch = {name: torch.randn(2, 1) for name in ("fused", "text", "audio", "vision")}
    for each in (made, other):
        each.update(torch.tensor([1, 3]), batch, torch.ones(2, 3), epoch=3)
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in made.state_dict().items())


def test_losses_leave_out_what_was_not_shown_or_has_no_label():
    single = torch.tensor([[1.0, torch.nan, 0.0], [0.0, 1.0, 0.0]])
    targets = Targets(torch.tensor([1.0, -1.0]), single, torch.arange(2))
    names = ("score", "text_score", "audio_score", "vision_score")
    output = dict.fromkeys(names, torch.zeros(2)) | {"presence": torch.tensor([[1.0, 1, 1], [1, 1, 0]])}
    assert MultiTask(2.0, (1.0, 10.0, 100.0)).loss(output, targets).item() == pytest.approx(2 * 1 + 0.5 + 10 * 1 + 0)
    made = LabelGeneration(1.0, True, 0.0)
    objective = GeneratedLabels(made, 1, (1, 1, 1), fused=2.0, single=(1.0, 10.0, 100.0))
    objective.begin(targets.label, single)
    assert objective.loss(output, targets).item() == pytest.approx(2 * 1 + 0.5 + (0 + 10) / 2 + 0)


def test_misa_distances_vanish_where_they_should():
    torch.manual_seed(0)
    rows = torch.randn(50, 4)
    assert moment_distance(rows, rows).item() == pytest.approx(0, abs=1e-5)
    assert moment_distance(rows, rows + 1).item() == pytest.approx(2, abs=1e-3)  # sqrt of 4 features, 1 apart each
    assert overlap(rows, rows).item() > 5 * overlap(rows, torch.randn(50, 4)).item()
