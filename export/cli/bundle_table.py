"""`emvas bundle table`: the variants of a bundle as Markdown, with the refused ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Manifest, Role, Variant
from edge.error import EmvasError

_HEAD = """# Variants of the bundle `{name}` {version}

Written by `emvas bundle table`; every figure is from the bundle's manifest, measured when it was built with
{tools} on {machine}. `RMS` is the error of the worst output against float32 (of float32
itself: against the original engine) over the output's own size. `ms` is one run of every graph with the golden input
on one thread; what is made for TensorRT is not timed on a CPU. `engine` is what tensorrt-rtx built.

| role | variant | ONNX MB | engine MB | RMS | task | ms | kept in float32 | used on |
|---|---|---:|---:|---:|---|---:|---:|---|
"""
_TOOLS = ("onnxruntime", "onnx", "torch")


class TableError(EmvasError):
    """The table cannot be written."""


@click.command(epilog="Example: emvas bundle table build/bundle --out docs/variants.md")
@click.argument("bundle", type=click.Path(path_type=Path, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; without it, the screen.")
def table(bundle: Path, out: Path | None) -> None:
    """Bytes, parity, task metric and time of every variant of BUNDLE, and why others were refused."""
    text = variants_table(Bundle(bundle).manifest)
    if out is None:
        click.echo(text, nl=False)
        return
    partial = out.with_suffix(out.suffix + ".part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(out)
    except OSError as error:
        raise TableError(f"{out} cannot be written: {error.strerror}; choose another file with --out") from error
    click.echo(f"Next: read {out}, or emvas export report for a card of each role")


def variants_table(manifest: Manifest) -> str:
    """The whole page."""
    built = manifest.built_with
    tools = ", ".join(f"{name} {built[name]}" for name in _TOOLS if name in built)
    parts = [_HEAD.format(name=manifest.name, version=manifest.version, tools=tools, machine=built.get("machine", ""))]
    parts += [f"{line}\n" for name, role in manifest.roles.items() for line in _rows(name, role)]
    parts.append("\n## What the roles are judged on\n\n")
    parts += [f"- **{name}**: {line}\n" for name, role in manifest.roles.items() for line in _task_words(role)]
    refused = [line for name, role in manifest.roles.items() for line in _refusals(name, role)]
    return "".join([*parts, "\n## Refused\n", *refused]) if refused else "".join(parts)


def _rows(name: str, role: Role) -> Iterator[str]:
    for variant, part in role.variants.items():
        used = ", ".join(provider for provider, chosen in role.default.items() if chosen == variant)
        yield _row(name, variant, part.measured, _megabytes(part), _engine(part), used)
    for variant, why in _refused(role).items():
        yield _row(name, f"{variant} (refused)", why, "", "", "")


def _row(role: str, variant: str, measured: Mapping[str, Any], size: str, engine: str, used: str) -> str:
    task = f"{measured['task']['score']:.4g}" if "task" in measured else ""
    times = measured.get("latency_ms_1_thread", {})
    ms = f"{sum(times.values()):.2f}" if times else ""
    kept = sum(len(names) for names in measured.get("kept_float", {}).values()) or ""
    return f"| {role} | {variant} | {size} | {engine} | {_rms(measured)} | {task} | {ms} | {kept} | {used} |"


def _rms(measured: Mapping[str, Any]) -> str:
    found = list(_all_of("rms_ratio", measured.get("parity_to_fp32", measured.get("parity"))))
    return f"{max(found):.1e}" if found else ""


def _all_of(key: str, value: Any) -> Iterator[float]:
    """All figures with that name in nested mappings."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == key:
                yield float(inner)
            else:
                yield from _all_of(key, inner)


def _megabytes(part: Variant) -> str:
    return f"{sum(graph.bytes for graph in part.graphs.values()) / 1e6:.2f}"


def _engine(part: Variant) -> str:
    builds = [verdict.build for verdict in part.tensorrt.graphs.values()] if part.tensorrt else []
    sizes = [build.engine_bytes for build in builds if build is not None and build.engine_bytes is not None]
    if not builds or builds.count(None) == len(builds):
        return ""
    return f"{sum(sizes) / 1e6:.2f}" if len(sizes) == len(builds) else "does not build"


def _refused(role: Role) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = role.variants["fp32"].measured.get("refused", {})
    return found


def _task_words(role: Role) -> Iterator[str]:
    task = role.variants["fp32"].measured.get("task")
    if task is None:
        yield "no task metric was measured"
        return
    yield (
        f"{task['name']} ({task['unit']}; {task['better']} is better), at most {task['tolerance']:g} worse than "
        f"float32. {task['samples']} samples: {task['data']}"
    )


def _refusals(name: str, role: Role) -> Iterator[str]:
    """The reason of a refusal, and the earlier trials."""
    for variant, why in _refused(role).items():
        yield f"\n**{name} {variant}**: {why['reason']}\n"
        if trials := why.get("trials"):
            yield "\n| layers in float32 | least cosine | largest error of scale | task | verdict |\n"
            yield "|---:|---:|---:|---:|---|\n"
            for trial in trials:
                cells = (trial["kept_float"], trial["least_cosine"], trial["max_abs_of_scale"], trial.get("task", ""))
                yield f"| {' | '.join(str(cell) for cell in cells)} | {trial['verdict']} |\n"
        if layers := why.get("worst_layers"):
            named = ", ".join(f"{row['graph']}/{row['layer']} {row['rms_ratio']:.3f}" for row in layers)
            yield f"\nLayers by their own error: {named}\n"
