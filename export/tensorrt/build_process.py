"""Parse and build one graph with tensorrt-rtx: `python -m export.tensorrt.build_process GRAPH`, the profile on stdin.

It is a separate process because a bad graph may crash the parser and the builder, which are C++. It prints one line of
JSON. It needs no GPU and no driver: the builder gets the compute capability as an argument.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import tensorrt_rtx as trt

CAPABILITY = "SM86"
"""Ampere; tensorrt-rtx does not know its relative SM87 (Orin)."""


class _Errors(trt.ILogger):  # type: ignore[misc]
    """Keeps TensorRT's error messages."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self.texts: list[str] = []

    def log(self, severity: trt.ILogger.Severity, msg: str) -> None:
        """Called by TensorRT."""
        if severity <= trt.ILogger.Severity.ERROR:
            self.texts.append(msg.strip())


def build(path: str, profile: Mapping[str, Mapping[str, Sequence[int]]]) -> dict[str, Any]:
    """The result for the graph in `path`, in the fields of `edge.bundle.manifest.EngineBuild`."""
    start = time.monotonic()
    log = _Errors()
    builder = trt.Builder(log)
    network = builder.create_network()
    parser = trt.OnnxParser(network, log)
    engine_bytes = None
    if parser.parse_from_file(path):
        errors, engine_bytes = log.texts, _build(builder, network, profile)
    else:
        errors = [_parser_error(parser.get_error(index)) for index in range(parser.num_errors)]
    return {
        "builder": f"tensorrt-rtx {trt.__version__}, {CAPABILITY}",
        "seconds": round(time.monotonic() - start, 2),
        "engine_bytes": engine_bytes,
        "errors": []
        if engine_bytes is not None
        else list(dict.fromkeys(errors)) or ["it gave no engine and no reason"],
    }


def _build(builder: Any, network: Any, profile: Mapping[str, Mapping[str, Sequence[int]]]) -> int | None:
    config = builder.create_builder_config()
    config.num_compute_capabilities = 1
    config.set_compute_capability(getattr(trt.ComputeCapability, CAPABILITY), 0)
    if profile:
        shapes = builder.create_optimization_profile()
        for name, sizes in profile.items():
            shapes.set_shape(name, sizes["min"], sizes["opt"], sizes["max"])
        config.add_optimization_profile(shapes)
    engine = builder.build_serialized_network(network, config)
    return None if engine is None else int(engine.nbytes)


def _parser_error(error: Any) -> str:
    where = f"{error.node_operator()} {error.node_name()}".strip()
    reason = str(error.code()).removeprefix("ErrorCode.").replace("_", " ").lower()
    said = error.desc().splitlines()[:2]
    detail = "" if said in ([], ["false"]) else f" ({' '.join(said)})"
    return f"{where}: {reason}{detail}"


if __name__ == "__main__":
    print(json.dumps(build(sys.argv[1], json.load(sys.stdin))))
