"""MMSA 2.2.1 written down a second time: the key layout of its checkpoints and its forward formulas, at small sizes.

Nothing here comes from our models; the tests compare them with it. Sizes: text 6, audio 5, vision 7 features.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv1d, layer_norm, linear

State = dict[str, Tensor]
Shapes = dict[str, tuple[int, ...]]

T, A, V = 6, 5, 7  # features
HT, HA, HV, OUT, P, R = 4, 5, 6, 3, 8, 2  # hidden text, audio, vision; text out; post fusion; rank
D, HEADS = 4, 2  # mult
STEPS = 6


def dense(name: str, out: int, size: int) -> Shapes:
    return {f"{name}.weight": (out, size), f"{name}.bias": (out,)}


def lstm(name: str, size: int, hidden: int, suffix: str = "_l0") -> Shapes:
    shapes = {f"{name}.weight_ih{suffix}": (4 * hidden, size), f"{name}.weight_hh{suffix}": (4 * hidden, hidden)}
    return {**shapes, f"{name}.bias_ih{suffix}": (4 * hidden,), f"{name}.bias_hh{suffix}": (4 * hidden,)}


def norm(name: str, size: int) -> Shapes:
    names = ("weight", "bias", "running_mean", "running_var")
    return {**{f"{name}.{part}": (size,) for part in names}, f"{name}.num_batches_tracked": ()}


def subnets(text_out: int) -> Shapes:
    shapes = {**lstm("text_subnet.rnn", T, HT), **dense("text_subnet.linear_1", text_out, HT)}
    for name, size, hidden in (("audio_subnet", A, HA), ("video_subnet", V, HV)):
        shapes |= {**norm(f"{name}.norm", size), **dense(f"{name}.linear_1", hidden, size)}
        shapes |= {**dense(f"{name}.linear_2", hidden, hidden), **dense(f"{name}.linear_3", hidden, hidden)}
    return shapes


def head(name: str, size: int, hidden: int) -> Shapes:
    shapes = {**dense(f"{name}_layer_1", hidden, size), **dense(f"{name}_layer_2", hidden, hidden)}
    return {**shapes, **dense(f"{name}_layer_3", 1, hidden)}


def transformer(name: str, size: int, layers: int) -> Shapes:
    shapes: Shapes = {f"{name}.version": (1,), **{f"{name}.layer_norm.{part}": (size,) for part in ("weight", "bias")}}
    for layer in range(layers):
        own = f"{name}.layers.{layer}"
        shapes |= {f"{own}.self_attn.in_proj_weight": (3 * size, size), f"{own}.self_attn.in_proj_bias": (3 * size,)}
        shapes |= {**dense(f"{own}.self_attn.out_proj", size, size), **dense(f"{own}.fc1", 4 * size, size)}
        shapes |= dense(f"{own}.fc2", size, 4 * size)
        shapes |= {f"{own}.layer_norms.{i}.{part}": (size,) for i in (0, 1) for part in ("weight", "bias")}
    return shapes


def mult_shapes() -> Shapes:
    shapes: Shapes = {"proj_l.weight": (D, T, 3), "proj_a.weight": (D, A, 1), "proj_v.weight": (D, V, 2)}
    for one in "lav":
        for other in "lav":
            if one != other:
                shapes |= transformer(f"trans_{one}_with_{other}", D, 1)
        shapes |= transformer(f"trans_{one}_mem", 2 * D, 3)
    return {**shapes, **dense("proj1", 6 * D, 6 * D), **dense("proj2", 6 * D, 6 * D), **dense("out_layer", 1, 6 * D)}


def mfn_shapes() -> Shapes:
    cells, memory = 12, 6
    shapes = {**lstm("lstm_l", T, 3, ""), **lstm("lstm_a", A, 4, ""), **lstm("lstm_v", V, 5, "")}
    sizes = {"att1": (2 * cells, 2 * cells), "att2": (2 * cells, memory), "out": (cells + memory, 1)}
    sizes |= {f"gamma{i}": (2 * cells + memory, memory) for i in (1, 2)}
    for name, (size, out) in sizes.items():
        shapes |= {**dense(f"{name}_fc1", 4, size), **dense(f"{name}_fc2", out, 4)}
    return shapes


def self_mm_shapes() -> Shapes:
    shapes: Shapes = {"text_model.model.embeddings.word_embeddings.weight": (3, 6)}
    for name, size, hidden, out in (("audio_model", A, 3, 2), ("video_model", V, 4, 3)):
        shapes |= {**lstm(f"{name}.rnn", size, hidden), **dense(f"{name}.linear_1", out, hidden)}
    shapes |= {**head("post_fusion", T + 2 + 3, 5), **head("post_text", T, 4)}
    return {**shapes, **head("post_audio", 2, 3), **head("post_video", 3, 2)}


def ef_lstm_shapes() -> Shapes:
    shapes = {**norm("norm", STEPS), **lstm("lstm", T + A + V, 4), **lstm("lstm", 4, 4, "_l1")}
    return {**shapes, **dense("linear", 4, 4), **dense("out", 1, 4)}


def lmf_shapes() -> Shapes:
    factors = {"audio_factor": HA, "video_factor": HV, "text_factor": HT // 2}
    shapes: Shapes = {name: (R, size + 1, 1) for name, size in factors.items()}
    return {**subnets(HT // 2), **shapes, "fusion_weights": (1, R), "fusion_bias": (1, 1)}


def made_state(name: str) -> State:
    """Random weights of MMSA's model `name`, keys in MMSA's layout with its prefix."""
    torch.manual_seed(3)
    state: State = {}
    for key, shape in REFERENCES[name][0]().items():
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(7)
        elif key.endswith("running_var"):
            state[key] = torch.rand(shape) + 0.5
        else:
            state[key] = torch.randn(shape) * 0.5
    if name == "tfn":
        state |= {"output_range": torch.tensor([6.0]), "output_shift": torch.tensor([-3.0])}
    return {f"Model.{key}": value for key, value in state.items()}


def reference(name: str, state: State, text: Tensor, audio: Tensor, vision: Tensor) -> Tensor:
    """[n]: MMSA's score `M` of full-length inputs."""
    plain = {key.removeprefix("Model."): value for key, value in state.items()}
    return REFERENCES[name][1](plain, text, audio, vision).view(-1)


def apply(s: State, name: str, rows: Tensor) -> Tensor:
    return linear(rows, s[f"{name}.weight"], s[f"{name}.bias"])


def run_cell(s: State, name: str, suffix: str, row: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    gates = linear(row, s[f"{name}.weight_ih{suffix}"], s[f"{name}.bias_ih{suffix}"])
    gates = gates + linear(h, s[f"{name}.weight_hh{suffix}"], s[f"{name}.bias_hh{suffix}"])
    i, f, g, o = gates.chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def run_lstm(s: State, name: str, values: Tensor, suffix: str = "_l0") -> Tensor:
    h = c = values.new_zeros(len(values), s[f"{name}.weight_hh{suffix}"].shape[1])
    states = []
    for step in range(values.shape[1]):
        h, c = run_cell(s, name, suffix, values[:, step], h, c)
        states.append(h)
    return torch.stack(states, dim=1)


def run_subnets(s: State, text: Tensor, audio: Tensor, vision: Tensor) -> list[Tensor]:
    """[1; representation] of text, audio and vision."""
    rows = [apply(s, "text_subnet.linear_1", run_lstm(s, "text_subnet.rnn", text)[:, -1])]
    for name, values in (("audio_subnet", audio), ("video_subnet", vision)):
        stats = [s[f"{name}.norm.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        hidden = batch_norm(values.mean(dim=1), *stats)
        for layer in (1, 2, 3):
            hidden = apply(s, f"{name}.linear_{layer}", hidden).relu()
        rows.append(hidden)
    return [torch.cat([torch.ones(len(row), 1), row], dim=1) for row in rows]


def run_head(s: State, name: str, rows: Tensor) -> Tensor:
    hidden = apply(s, f"{name}_layer_2", apply(s, f"{name}_layer_1", rows).relu()).relu()
    return apply(s, f"{name}_layer_3", hidden)


def tfn(s: State, *inputs: Tensor) -> Tensor:
    t, a, v = run_subnets(s, *inputs)
    outer = torch.einsum("na,nv,nt->navt", a, v, t).flatten(1)
    return run_head(s, "post_fusion", outer).sigmoid() * s["output_range"] + s["output_shift"]


def lf_dnn(s: State, *inputs: Tensor) -> Tensor:
    t, a, v = (row[:, 1:] for row in run_subnets(s, *inputs))
    return run_head(s, "post_fusion", torch.cat([a, v, t], dim=1))


def lmf(s: State, *inputs: Tensor) -> Tensor:
    t, a, v = run_subnets(s, *inputs)
    product = (a @ s["audio_factor"]) * (v @ s["video_factor"]) * (t @ s["text_factor"])  # [rank, n, 1]
    return torch.einsum("kr,rno->nko", s["fusion_weights"], product).flatten(1) + s["fusion_bias"]


def ef_lstm(s: State, *inputs: Tensor) -> Tensor:
    stats = [s[f"norm.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
    states = run_lstm(s, "lstm", batch_norm(torch.cat(inputs, dim=2), *stats))
    states = run_lstm(s, "lstm", states, "_l1")
    return apply(s, "out", apply(s, "linear", states[:, -1]).relu())


def mfn(s: State, *inputs: Tensor) -> Tensor:
    def small(name: str, rows: Tensor) -> Tensor:
        return apply(s, f"{name}_fc2", apply(s, f"{name}_fc1", rows).relu())

    n = len(inputs[0])
    hidden = {letter: torch.zeros(n, size) for letter, size in zip("lav", (3, 4, 5), strict=True)}
    cells, memory = dict(hidden), torch.zeros(n, 6)
    for step in range(inputs[0].shape[1]):
        before = list(cells.values())
        for letter, values in zip("lav", inputs, strict=True):
            row = values[:, step]
            hidden[letter], cells[letter] = run_cell(s, f"lstm_{letter}", "", row, hidden[letter], cells[letter])
        star = torch.cat([*before, *cells.values()], dim=1)
        attended = small("att1", star).softmax(dim=1) * star
        both = torch.cat([attended, memory], dim=1)
        fresh = small("att2", attended).tanh()
        memory = small("gamma1", both).sigmoid() * memory + small("gamma2", both).sigmoid() * fresh
    return small("out", torch.cat([*hidden.values(), memory], dim=1))


def attend(s: State, name: str, query: Tensor, key: Tensor, size: int) -> Tensor:
    weights, biases = s[f"{name}.in_proj_weight"].split(size), s[f"{name}.in_proj_bias"].split(size)
    q, k, v = (linear(rows, w, b) for rows, w, b in zip((query, key, key), weights, biases, strict=True))
    reach = abs(query.shape[1] - key.shape[1])
    future = torch.ones(query.shape[1], key.shape[1]).triu(1 + reach).bool()
    parts = []
    for own in range(HEADS):
        cut = slice(own * size // HEADS, (own + 1) * size // HEADS)
        scores = q[..., cut] @ k[..., cut].transpose(1, 2) / math.sqrt(size // HEADS)
        parts.append(scores.masked_fill(future, -math.inf).softmax(dim=2) @ v[..., cut])
    return apply(s, f"{name}.out_proj", torch.cat(parts, dim=2))


def run_transformer(s: State, name: str, x: Tensor, key: Tensor | None = None) -> Tensor:
    size, layer = x.shape[2], 0

    def normed(which: str, rows: Tensor) -> Tensor:
        return layer_norm(rows, (size,), s[f"{which}.weight"], s[f"{which}.bias"])

    x, key = x * math.sqrt(size), None if key is None else key * math.sqrt(size)
    while f"{name}.layers.{layer}.fc1.weight" in s:
        own = f"{name}.layers.{layer}"
        other = normed(f"{own}.layer_norms.0", x if key is None else key)
        x = x + attend(s, f"{own}.self_attn", normed(f"{own}.layer_norms.0", x), other, size)
        x = x + apply(s, f"{own}.fc2", apply(s, f"{own}.fc1", normed(f"{own}.layer_norms.1", x)).relu())
        layer += 1
    return normed(f"{name}.layer_norm", x)


def mult(s: State, *inputs: Tensor) -> Tensor:
    projected = {
        letter: conv1d(values.transpose(1, 2), s[f"proj_{letter}.weight"]).transpose(1, 2)
        for letter, values in zip("lav", inputs, strict=True)
    }
    last = []
    for one, others in (("l", "av"), ("a", "lv"), ("v", "la")):
        seen = [run_transformer(s, f"trans_{one}_with_{o}", projected[one], projected[o]) for o in others]
        last.append(run_transformer(s, f"trans_{one}_mem", torch.cat(seen, dim=2))[:, -1])
    rows = torch.cat(last, dim=1)
    return apply(s, "out_layer", apply(s, "proj2", apply(s, "proj1", rows).relu()) + rows)


def self_mm(s: State, text: Tensor, audio: Tensor, vision: Tensor) -> Tensor:
    """`text` is the output of the text encoder."""
    rows = [text[:, 0]]
    for name, values in (("audio_model", audio), ("video_model", vision)):
        rows.append(apply(s, f"{name}.linear_1", run_lstm(s, f"{name}.rnn", values)[:, -1]))
    return run_head(s, "post_fusion", torch.cat(rows, dim=1))


def late_shapes(size: int) -> Callable[[], Shapes]:
    return lambda: {**subnets(OUT), **head("post_fusion", size, P)}


REFERENCES: dict[str, tuple[Callable[[], Shapes], Callable[..., Tensor]]] = {
    "tfn": (late_shapes((HA + 1) * (HV + 1) * (OUT + 1)), tfn),
    "lmf": (lmf_shapes, lmf),
    "lf_dnn": (late_shapes(HA + HV + OUT), lf_dnn),
    "ef_lstm": (ef_lstm_shapes, ef_lstm),
    "mfn": (mfn_shapes, mfn),
    "mult": (mult_shapes, mult),
    "self_mm": (self_mm_shapes, self_mm),
}
