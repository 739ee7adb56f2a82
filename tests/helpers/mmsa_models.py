"""Fusion models with the weights, names and behaviour of MMSA 2.2.1, to have checkpoints with its exact key layout.

Written from its published key layout and formulas; compared with its own classes on the same weights, they agree to
the last bit but one. Each takes padded tensors, as MMSA's trainer feeds them, and returns a table with `M`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import multi_head_attention_forward, pad

DIMS = (10, 7, 9)
FRAMES = (13, 40, 22)


class MeanNet(nn.Module):
    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(size)
        self.linear_1, self.linear_2, self.linear_3 = (nn.Linear(n, hidden) for n in (size, hidden, hidden))

    def forward(self, values: Tensor) -> Tensor:
        rows = self.norm(values.mean(1))
        for layer in (self.linear_1, self.linear_2, self.linear_3):
            rows = torch.relu(layer(rows))
        return rows


class LastNet(nn.Module):
    def __init__(self, size: int, hidden: int, out: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(size, hidden, batch_first=True)
        self.linear_1 = nn.Linear(hidden, out)

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Tensor:
        if lengths is None:
            return self.linear_1(self.rnn(values)[1][0].squeeze(0))
        packed = nn.utils.rnn.pack_padded_sequence(values, lengths, batch_first=True, enforce_sorted=False)
        return self.linear_1(self.rnn(packed)[1][0].squeeze(0))


class Subnets(nn.Module):
    hidden, text_out = (8, 5, 6), 11

    def __init__(self) -> None:
        super().__init__()
        self.audio_subnet = MeanNet(DIMS[1], self.hidden[1])
        self.video_subnet = MeanNet(DIMS[2], self.hidden[2])
        self.text_subnet = LastNet(DIMS[0], self.hidden[0], self.text_out)

    def parts(self, text: Tensor, audio: Tensor, video: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.text_subnet(text), self.audio_subnet(audio), self.video_subnet(video)

    def stack(self, size: int) -> None:
        for layer, (before, after) in enumerate(((size, 4), (4, 4), (4, 1)), start=1):
            setattr(self, f"post_fusion_layer_{layer}", nn.Linear(before, after))

    def judged(self, rows: Tensor) -> Tensor:
        rows = torch.relu(self.post_fusion_layer_1(rows))
        return self.post_fusion_layer_3(torch.relu(self.post_fusion_layer_2(rows)))


def one(rows: Tensor) -> Tensor:
    return pad(rows, (1, 0), value=1.0)


class Tfn(Subnets):
    """The outer product is really made, with the text's cells running fastest."""

    def __init__(self) -> None:
        super().__init__()
        self.output_range = nn.Parameter(torch.tensor([6.0]), requires_grad=False)
        self.output_shift = nn.Parameter(torch.tensor([-3.0]), requires_grad=False)
        self.stack((self.hidden[1] + 1) * (self.hidden[2] + 1) * (self.text_out + 1))

    def forward(self, text: Tensor, audio: Tensor, video: Tensor) -> dict[str, Tensor]:
        t, a, v = self.parts(text, audio, video)
        product = torch.einsum("na,nv,nt->navt", one(a), one(v), one(t)).flatten(1)
        return {"M": torch.sigmoid(self.judged(product)) * self.output_range + self.output_shift}


class LfDnn(Subnets):
    def __init__(self) -> None:
        super().__init__()
        self.stack(self.text_out + self.hidden[1] + self.hidden[2])

    def forward(self, text: Tensor, audio: Tensor, video: Tensor) -> dict[str, Tensor]:
        t, a, v = self.parts(text, audio, video)
        return {"M": self.judged(torch.cat([a, v, t], dim=1))}


class Lmf(Subnets):
    text_out = Subnets.hidden[0] // 2

    def __init__(self) -> None:
        super().__init__()
        for side, size in (("audio", self.hidden[1]), ("video", self.hidden[2]), ("text", self.text_out)):
            setattr(self, f"{side}_factor", nn.Parameter(torch.randn(3, size + 1, 1)))
        self.fusion_weights, self.fusion_bias = nn.Parameter(torch.randn(1, 3)), nn.Parameter(torch.randn(1, 1))

    def forward(self, text: Tensor, audio: Tensor, video: Tensor) -> dict[str, Tensor]:
        t, a, v = self.parts(text, audio, video)
        product = (one(a) @ self.audio_factor) * (one(v) @ self.video_factor) * (one(t) @ self.text_factor)
        return {"M": (self.fusion_weights @ product.permute(1, 0, 2)).squeeze(1) + self.fusion_bias}


class EfLstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(FRAMES[0])
        self.lstm = nn.LSTM(sum(DIMS), 8, num_layers=3, batch_first=True)
        self.linear, self.out = nn.Linear(8, 8), nn.Linear(8, 1)

    def forward(self, text: Tensor, audio: Tensor, video: Tensor) -> dict[str, Tensor]:
        rows = torch.cat([text, pooled(audio), pooled(video)], dim=2)
        state = self.lstm(self.norm(rows))[1][0][-1]
        return {"M": self.out(torch.relu(self.linear(state)))}


def pooled(values: Tensor) -> Tensor:
    """MMSA's `avg_pool`: the last frame repeated until the text's length divides, then folded and averaged."""
    steps = FRAMES[0]
    missing = -values.shape[1] % steps
    filled = torch.cat([values, values[:, -1:].expand(-1, missing, -1)], dim=1)
    return filled.view(len(values), -1, steps, values.shape[2]).mean(dim=1)


class Mfn(nn.Module):
    hidden = (8, 5, 6)

    def __init__(self) -> None:
        super().__init__()
        for side, size, hidden in zip("lav", DIMS, self.hidden, strict=True):
            setattr(self, f"lstm_{side}", nn.LSTMCell(size, hidden))
        cells, memory = 2 * sum(self.hidden), 7
        shapes = {"att1": (cells, 9, cells), "att2": (cells, 11, memory), "out": (cells // 2 + memory, 4, 1)}
        shapes |= {"gamma1": (cells + memory, 6, memory), "gamma2": (cells + memory, 5, memory)}
        for name, (size, hidden, out) in shapes.items():
            setattr(self, f"{name}_fc1", nn.Linear(size, hidden))
            setattr(self, f"{name}_fc2", nn.Linear(hidden, out))

    def net(self, name: str, rows: Tensor) -> Tensor:
        return getattr(self, f"{name}_fc2")(torch.relu(getattr(self, f"{name}_fc1")(rows)))

    def forward(self, text: Tensor, audio: Tensor, video: Tensor) -> dict[str, Tensor]:
        sides = [text, *(values.mean(1, keepdim=True).expand(-1, FRAMES[0], -1) for values in (audio, video))]
        states = [(torch.zeros(len(text), size), torch.zeros(len(text), size)) for size in self.hidden]
        memory = torch.zeros(len(text), 7)
        for step in range(FRAMES[0]):
            new = [
                getattr(self, f"lstm_{side}")(x[:, step], s) for side, x, s in zip("lav", sides, states, strict=True)
            ]
            both = torch.cat([state[1] for state in (*states, *new)], dim=1)
            attended = torch.softmax(self.net("att1", both), dim=1) * both
            keyed = torch.cat([attended, memory], dim=1)
            keep, take = torch.sigmoid(self.net("gamma1", keyed)), torch.sigmoid(self.net("gamma2", keyed))
            memory = keep * memory + take * torch.tanh(self.net("att2", attended))
            states = new
        return {"M": self.net("out", torch.cat([*(state[0] for state in states), memory], dim=1))}


class Attention(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.randn(3 * size, size) / size**0.5)
        self.in_proj_bias = nn.Parameter(torch.randn(3 * size) / 10)
        self.out_proj = nn.Linear(size, size)


class Layer(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.self_attn = Attention(size)
        self.fc1, self.fc2 = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.layer_norms = nn.ModuleList([nn.LayerNorm(size), nn.LayerNorm(size)])

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Torch's own attention, whose parameters have these names; the mask lets late queries see further."""
        rows, keys, part = self.layer_norms[0](query), self.layer_norms[0](key), self.self_attn
        reach = 1 + abs(len(query) - len(key))
        mask = torch.full((len(query), len(key)), float("-inf")).triu(reach)
        looked = multi_head_attention_forward(
            rows, keys, keys, rows.shape[2], Mult.heads, part.in_proj_weight, part.in_proj_bias, None, None, False,
            0.0, part.out_proj.weight, part.out_proj.bias, attn_mask=mask, need_weights=False,
        )[0]  # fmt: skip
        query = query + looked
        return query + self.fc2(torch.relu(self.fc1(self.layer_norms[1](query))))


class Stack(nn.Module):
    def __init__(self, size: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Layer(size) for _ in range(layers)])
        self.register_buffer("version", torch.Tensor([2]))
        self.layer_norm = nn.LayerNorm(size)

    def forward(self, query: Tensor, key: Tensor | None = None) -> Tensor:
        rows = query * query.shape[2] ** 0.5
        for layer in self.layers:
            rows = layer(rows, rows if key is None else key * key.shape[2] ** 0.5)
        return self.layer_norm(rows)


class Mult(nn.Module):
    size, heads, kernels = 8, 4, (5, 1, 3)

    def __init__(self) -> None:
        super().__init__()
        for side, dim, kernel in zip("lav", DIMS, self.kernels, strict=True):
            setattr(self, f"proj_{side}", nn.Conv1d(dim, self.size, kernel, bias=False))
        for side in "lav":
            for other in "lav".replace(side, ""):
                setattr(self, f"trans_{side}_with_{other}", Stack(self.size, 2))
            setattr(self, f"trans_{side}_mem", Stack(2 * self.size, 3))
        self.proj1, self.proj2 = (nn.Linear(6 * self.size, 6 * self.size) for _ in range(2))
        self.out_layer = nn.Linear(6 * self.size, 1)

    def forward(self, text: Tensor, audio: Tensor, video: Tensor) -> dict[str, Tensor]:
        sides = {
            side: getattr(self, f"proj_{side}")(values.transpose(1, 2)).permute(2, 0, 1)
            for side, values in zip("lav", (text, audio, video), strict=True)
        }
        views = []
        for side in "lav":
            others = "lav".replace(side, "")
            seen = [getattr(self, f"trans_{side}_with_{other}")(sides[side], sides[other]) for other in others]
            views.append(getattr(self, f"trans_{side}_mem")(torch.cat(seen, dim=2))[-1])
        rows = torch.cat(views, dim=1)
        return {"M": self.out_layer(rows + self.proj2(torch.relu(self.proj1(rows))))}


class SelfMm(nn.Module):
    """Text is BERT's output here: BERT's own weights are in the checkpoint, not in the fusion."""

    def __init__(self) -> None:
        super().__init__()
        self.text_model = nn.ModuleDict({"model": nn.Linear(2, 2)})
        self.audio_model, self.video_model = LastNet(DIMS[1], 5, 4), LastNet(DIMS[2], 6, 5)
        sizes = {"fusion": (DIMS[0] + 9, 8), "text": (DIMS[0], 6), "audio": (4, 4), "video": (5, 3)}
        for name, (size, hidden) in sizes.items():
            for layer, (before, after) in enumerate(((size, hidden), (hidden, hidden), (hidden, 1)), start=1):
                setattr(self, f"post_{name}_layer_{layer}", nn.Linear(before, after))

    def head(self, name: str, rows: Tensor) -> Tensor:
        for layer in (1, 2):
            rows = torch.relu(getattr(self, f"post_{name}_layer_{layer}")(rows))
        return getattr(self, f"post_{name}_layer_3")(rows)

    def forward(self, text: Tensor, audio: Tensor, video: Tensor, lengths: tuple[Tensor, ...]) -> dict[str, Tensor]:
        t, a, v = text[:, 0], self.audio_model(audio, lengths[1]), self.video_model(video, lengths[2])
        heads = {"M": self.head("fusion", torch.cat([t, a, v], dim=1))}
        return {**heads, "T": self.head("text", t), "A": self.head("audio", a), "V": self.head("video", v)}


MODELS: dict[str, type[nn.Module]] = {
    "tfn": Tfn,
    "lmf": Lmf,
    "lf_dnn": LfDnn,
    "ef_lstm": EfLstm,
    "mfn": Mfn,
    "mult": Mult,
    "self_mm": SelfMm,
}


def made(name: str) -> nn.Module:
    """With random weights, and normalization statistics that are not those of a fresh layer."""
    torch.manual_seed(5)
    model = MODELS[name]().eval()
    for key, value in model.named_buffers():
        if "running" in key:
            value.copy_(torch.rand_like(value) + 0.5)
    return model


def state_of(model: nn.Module) -> dict[str, Tensor]:
    """As MMSA saves it."""
    return {f"Model.{key}": value for key, value in model.state_dict().items()}


def padded_batch() -> tuple[list[Tensor], list[Tensor]]:
    """Text, audio and vision of four clips, zero after their lengths, and the lengths."""
    generator = torch.Generator().manual_seed(9)
    lengths = [torch.tensor(row) for row in ([13, 5, 1, 9], [40, 17, 3, 1], [22, 22, 2, 7])]
    values = []
    for dim, frames, length in zip(DIMS, FRAMES, lengths, strict=True):
        whole = torch.randn(4, frames, dim, generator=generator)
        values.append(whole * (torch.arange(frames) < length[:, None]).unsqueeze(2))
    return values, lengths
