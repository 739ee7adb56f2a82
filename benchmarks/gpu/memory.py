"""Memory of the device with every model of a box open and run once."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.gpu.providers import bundles
from benchmarks.gpu.step import AbsentError, Context, FailedError, Finding
from edge.bundle.selftest import golden

_QUERY = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"]


def ask(context: Context) -> Finding:
    """MB of the device before and with all sessions, by provider; in a dry run, of this process."""
    used = {}
    for provider, bundle in bundles(context):
        before = _used_mb(context)
        opened = []
        for role in bundle.manifest.roles:
            for graph in bundle.role(role).variants[bundle.variant_name(role)].graphs:
                session = bundle.session(role, graph)
                session.run(golden(bundle, role, graph)[0])
                opened.append(session)
        used[provider] = {"sessions": len(opened), "mb": _used_mb(context) - before}
        if not opened:
            raise FailedError(f"{provider}: the bundle has no graph to open")
    return Finding("; ".join(f"{name}: {row['mb']} MB, {row['sessions']} sessions" for name, row in used.items()), used)


def _used_mb(context: Context) -> int:
    if context.dry:
        status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise AbsentError(f"nvidia-smi does not tell the memory in use: {error}") from error
    return int(done.stdout.split()[0])
