"""What a sample counts in a loss: nothing of a modality that it was not shown, or has no label of."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

import torch

from training.fusion.label_generation import LabelGeneration
from training.fusion.layers.heads import MODALITIES
from training.fusion.losses import (
    GeneratedLabels,
    MisaObjective,
    MultiTask,
    Objective,
    Targets,
    moment_distance,
    overlap,
    whole_batch,
)
from training.processes import Place


def output(presence: torch.Tensor, **wrong: float) -> dict[str, torch.Tensor]:
    """Scores of 0 for four samples but for one a modality, which is that far off in the first of them."""
    said = {f"{name}_score": torch.zeros(4) for name in MODALITIES}
    for name, value in wrong.items():
        said[f"{name}_score"][0] = value
    return {"score": torch.zeros(4), "presence": presence, **said}


TARGETS = Targets(torch.zeros(4), torch.zeros(4, 3), torch.arange(4))


def generated() -> GeneratedLabels:
    objective = GeneratedLabels(LabelGeneration(1.0, False, 0.0), 2, (2, 2, 2), 1.0, (0.5, 0.25, 0.125))
    objective.begin(TARGETS.label, TARGETS.single)
    return objective


@pytest.mark.parametrize("objective", [MultiTask(1.0, (0.5, 0.25, 0.125)), generated()], ids=["given", "generated"])
@pytest.mark.parametrize("column", range(3), ids=MODALITIES)
def test_what_a_modality_says_counts_where_it_was_shown_and_nowhere_else(objective: Objective, column: int) -> None:
    weight, name = (0.5, 0.25, 0.125)[column], MODALITIES[column]
    shown = torch.ones(4, 3)
    assert float(objective.loss(output(shown, **{name: 2.0}), TARGETS)) == pytest.approx(weight * 2.0 / 4)
    hidden = shown.clone()
    hidden[0, column] = 0
    assert float(objective.loss(output(hidden, **{name: 2.0}), TARGETS)) == 0.0
    hidden[1, column] = 0
    hidden[0, column] = 1
    assert float(objective.loss(output(hidden, **{name: 2.0}), TARGETS)) == pytest.approx(weight * 2.0 / 3)


def test_a_sample_without_a_label_of_a_modality_does_not_count() -> None:
    single = TARGETS.single.clone()
    single[0] = torch.nan
    targets = TARGETS._replace(single=single)
    loss = MultiTask(1.0, (1.0, 1.0, 1.0)).loss(output(torch.ones(4, 3), text=2.0, audio=2.0, vision=2.0), targets)
    assert float(loss) == 0.0


SCORED = {
    "score": torch.tensor([0.5, -0.2, 0.1, 0.9]),
    "text_score": torch.tensor([0.4, 0.3, -0.8, 0.0]),
    "audio_score": torch.tensor([-0.1, 0.6, 0.2, -0.9]),
    "vision_score": torch.tensor([0.7, -0.5, 0.3, 0.2]),
    "presence": torch.tensor([[1.0, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0]]),
}
LABELLED = Targets(
    torch.tensor([0.2, -0.6, 0.8, -0.4]),
    torch.tensor([[0.1, torch.nan, -0.3], [0.5, 0.9, torch.nan], [0.6, -0.7, 0.4], [-0.2, 0.3, 0.8]]),
    torch.arange(4),
)
WEIGHTS = (0.5, 0.25, 0.125)
FUSED = (0.3 + 0.4 + 0.7 + 1.3) / 4


def test_true_labels_of_a_modality_count_over_the_samples_that_show_it_and_have_one() -> None:
    text, audio, vision = (0.3 + 0.2 + 0.2) / 3, (0.9 + 1.2) / 2, (1.0 + 0.1) / 2
    loss = MultiTask(2.0, WEIGHTS).loss(SCORED, LABELLED)
    assert float(loss) == pytest.approx(2 * FUSED + 0.5 * text + 0.25 * audio + 0.125 * vision, rel=1e-5)


def test_a_label_that_is_not_given_weighs_as_much_as_it_disagrees_with_the_whole() -> None:
    labels = LabelGeneration(1.0, True, 0.0)
    objective = GeneratedLabels(labels, 2, (2, 2, 2), 3.0, WEIGHTS)
    objective.begin(LABELLED.label, LABELLED.single)
    labels.single[0, 1] = (
        0.9  # generated: the whole says 0.2, so it weighs tanh(0.7); in row 1 vision says as the whole
    )
    text = 0.5 * (0.3 + 0.2 + 0.2) / 3
    audio = (math.tanh(0.7) * 1.0 + 0.25 * 0.9 + 0.25 * 1.2) / 3
    vision = 0.125 * (1.0 + 0.1) / 3
    assert float(objective.loss(SCORED, LABELLED)) == pytest.approx(3 * FUSED + text + audio + vision, rel=1e-5)
    alone = GeneratedLabels(LabelGeneration(1.0, True, 0.0), 2, (2, 2, 2), 3.0, None)
    alone.begin(LABELLED.label, LABELLED.single)
    assert not alone.labels.given.any()
    assert float(alone.loss(SCORED, LABELLED)) == pytest.approx(3 * FUSED)


@pytest.mark.parametrize("hidden", [[], [0, 1], [0, 1, 2, 3]], ids=["shown", "two hide it", "all hide it"])
def test_a_modality_that_nobody_shows_adds_nothing(hidden: list[int]) -> None:
    presence = torch.ones(4, 3)
    presence[hidden, 1] = 0
    seen = {**SCORED, "presence": presence}
    rows = [row for row in range(1, 4) if row not in hidden]
    wanted = sum(abs(float(SCORED["audio_score"][row] - LABELLED.single[row, 1])) for row in rows) / max(1, len(rows))
    assert float(MultiTask(0.0, (0.0, 1.0, 0.0)).loss(seen, LABELLED)) == pytest.approx(wanted, rel=1e-5)


def plain_overlap(one: torch.Tensor, other: torch.Tensor) -> float:
    """Number by number."""
    sides = []
    for rows in (one, other):
        centred = [[float(x) - float(rows[:, k].mean()) for k, x in enumerate(row)] for row in rows]
        sides.append([[x / (math.hypot(*row) + 1e-6) for x in row] for row in centred])
    features = range(one.shape[1])
    products = [sum(a[i] * b[j] for a, b in zip(*sides, strict=True)) for i in features for j in features]
    return sum(product**2 for product in products) / len(products)


def plain_distance(one: torch.Tensor, other: torch.Tensor) -> float:
    """The first moment and the central ones up to the fifth, each as a length over the features."""
    total = 0.0
    for order in range(1, 6):
        apart = []
        for k in range(one.shape[1]):
            moments = []
            for column in (one[:, k].tolist(), other[:, k].tolist()):
                middle = sum(column) / len(column) if order > 1 else 0.0
                moments.append(sum((x - middle) ** order for x in column) / len(column))
            apart.append(moments[0] - moments[1])
        total += math.hypot(*apart)
    return total


@pytest.mark.parametrize("count", [2, 3, 7])
def test_distances_of_parts_are_their_formulas(count: int) -> None:
    generator = torch.Generator().manual_seed(count)
    one, other = (torch.randn(count, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    assert float(overlap(one, other)) == pytest.approx(plain_overlap(one, other), rel=1e-4)
    assert float(moment_distance(one, other)) == pytest.approx(plain_distance(one, other), rel=1e-4)


@pytest.mark.parametrize("count", [0, 1])
def test_a_pair_of_parts_that_fewer_than_two_samples_have_does_not_count(count: int) -> None:
    rows = torch.ones(count, 3, requires_grad=True)
    for distance in (overlap, moment_distance):
        found = distance(rows, rows + 1)
        found.backward()
        assert float(found.detach()) == 0.0
    assert rows.grad is not None and not rows.grad.any()


def test_equal_parts_have_no_distance_and_a_gradient_that_is_a_number() -> None:
    rows = torch.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    distance = moment_distance(rows, rows.detach().clone())
    distance.backward()
    assert float(distance.detach()) == pytest.approx(0.0, abs=1e-5)
    assert rows.grad is not None and rows.grad.isfinite().all()


def misa_output(shown: torch.Tensor) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    parts = {
        name: torch.randn(5, 3, 4, generator=generator, dtype=torch.float64)
        for name in ("private", "shared", "original", "rebuilt")
    }
    return {"score": torch.zeros(5, dtype=torch.float64), "presence": shown, **parts}


def test_the_loss_of_misa_is_its_formula_over_what_was_shown() -> None:
    shown = torch.tensor([[1.0, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]])
    said, label = misa_output(shown), torch.tensor([0.1, -0.2, 0.3, -0.4, 0.5], dtype=torch.float64)
    apart = alike = 0.0
    for one, other in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)):
        rows = ((shown[:, one] > 0) & (shown[:, other] > 0)).nonzero().flatten()
        private, shared = said["private"][rows], said["shared"][rows]
        if one == other:
            apart += plain_overlap(private[:, one], shared[:, one])
        else:
            apart += plain_overlap(private[:, one], private[:, other])
            alike += plain_distance(shared[:, one], shared[:, other])
    errors = [
        float((said["rebuilt"][row, one] - said["original"][row, one]).square().mean())
        for row in range(5)
        for one in range(3)
        if shown[row, one]
    ]
    wanted = 0.3 + 0.5 * apart + 0.7 * alike / 3 + 0.9 * sum(errors) / len(errors)
    targets = Targets(label, torch.empty(5, 3), torch.arange(5))
    assert float(MisaObjective(0.5, 0.7, 0.9).loss(said, targets)) == pytest.approx(wanted, rel=1e-4)
    nothing = misa_output(torch.zeros(5, 3))
    assert float(MisaObjective(0.5, 0.7, 0.9).loss(nothing, targets)) == pytest.approx(0.3)


class TwoProcesses(Place):
    """The first of two, the other of which has the same."""

    def joined(self, value: torch.Tensor) -> torch.Tensor:
        return torch.cat([value, value])


def test_the_batch_of_all_processes_is_joined_row_by_row() -> None:
    said = {"score": torch.arange(2.0, dtype=torch.float64, requires_grad=True), "whole": torch.tensor(3.0)}
    said["other"] = torch.ones(5)
    targets = Targets(torch.tensor([0.1, 0.2]), torch.zeros(2, 3), torch.tensor([4, 7]))
    alone, same = whole_batch(Place(torch.device("cpu")), said, targets)
    assert same is targets and set(alone) == set(said)
    assert alone["score"].dtype == torch.float32 and not alone["score"].requires_grad
    whole, both = whole_batch(TwoProcesses(torch.device("cpu"), world=2), said, targets)
    assert set(whole) == {"score"} and whole["score"].tolist() == [0, 1, 0, 1]
    assert both.index.tolist() == [4, 7, 4, 7] and both.single.shape == (4, 3)


def generation(exclude_zero: bool, least_distance: float = 0.0) -> LabelGeneration:
    """Five samples, the third of which is labelled 0; all that is known of each is where it lies on a line."""
    made = LabelGeneration(1.0, exclude_zero, least_distance)
    made.begin(torch.tensor([0.8, 0.4, 0.0, -0.6, -1.0]), torch.full((5, 3), torch.nan), (1, 1, 1, 1))
    lie = torch.tensor([[2.0], [1.0], [6.0], [-1.0], [-3.0]])
    made.update(torch.arange(5), dict.fromkeys(("fused", *MODALITIES), lie), torch.ones(5, 3), epoch=1)
    assert made.single.tolist() == made.label.unsqueeze(1).expand(-1, 3).tolist(), "nothing is generated in epoch 1"
    return made


@pytest.mark.parametrize(("exclude_zero", "positive"), [(True, 1.5), (False, 3.0)])
@pytest.mark.parametrize("epoch", [2, 3, 9])
def test_a_label_of_zero_belongs_to_the_positive_centre_unless_it_is_left_out(
    exclude_zero: bool, positive: float, epoch: int
) -> None:
    made, negative = generation(exclude_zero), -2.0

    def decision(place: float) -> float:
        return (abs(place - negative) - abs(place - positive)) / abs(place - positive)

    places = {"fused": 1.0, "text": 0.5, "audio": 0.2, "vision": -0.4}
    here = {name: torch.tensor([[place]]) for name, place in places.items()}
    made.update(torch.tensor([1]), here, torch.ones(1, 3), epoch)
    whole = decision(1.0)
    for column, name in enumerate(MODALITIES):
        one = decision(places[name])
        fresh = max(-1.0, min(1.0, 0.5 * one / whole * 0.4 + 0.5 * (0.4 + one - whole)))
        wanted = (epoch - 1) / (epoch + 1) * 0.4 + 2 / (epoch + 1) * fresh
        assert float(made.single[1, column]) == pytest.approx(wanted, abs=1e-5), name
    assert made.fused_memory[1].tolist() == [1.0] and made.text_memory[1].tolist() == [0.5]
    assert made.single[0].tolist() == pytest.approx([0.8] * 3), "the other samples keep theirs"


@pytest.mark.parametrize(("share", "changes"), [(0.99, True), (1.01, False)])
def test_a_sample_whose_whole_is_undecided_generates_no_label(share: float, changes: bool) -> None:
    """At -3 the whole is 4.5 from the positive centre and 1 from the negative one: D is -3.5 / 4.5."""
    made = generation(True, least_distance=share * 3.5 / 4.5)
    here = dict.fromkeys(MODALITIES, torch.tensor([[0.0]])) | {"fused": torch.tensor([[-3.0]])}
    made.update(torch.tensor([1]), here, torch.ones(1, 3), epoch=2)
    assert (made.single[1] != 0.4).all().item() is changes


def test_an_absent_modality_moves_no_centre() -> None:
    made = LabelGeneration(1.0, True, 0.0)
    made.begin(torch.tensor([0.5, -0.5]), torch.full((2, 3), torch.nan), (1, 2, 3, 4))
    here = {name: torch.ones(2, size) for size, name in enumerate(("fused", *MODALITIES), 1)}
    presence = torch.tensor([[1.0, 0, 1], [0, 1, 1]])
    made.update(torch.tensor([0, 1]), here, presence, epoch=1)
    assert made.seen.tolist() == [[True, True, False, True], [True, False, True, True]]
    assert made.text_memory.tolist() == [[1, 1], [0, 0]] and made.audio_memory.tolist() == [[0] * 3, [1] * 3]
    made.update(torch.tensor([0, 1]), here, torch.ones(2, 3), epoch=2)
    assert made.single[:, 0].tolist() == made.single[:, 1].tolist() == [0.5, -0.5], "no centre of one sign yet"
