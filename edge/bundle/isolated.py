"""The self-test in a process of its own: a model that hangs, crashes or takes all memory ends that process alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError
from edge.bundle.selftest import GraphCheck, self_test
from edge.bundle.session import Provider
from edge.children import python
from edge.redact import said

LONGEST_S: dict[Provider, float] = {"cpu": 600.0, "cuda": 600.0, "tensorrt": 3 * 3600.0}
"""Longest self-test of a whole bundle; ours. The default one takes 20 s on a laptop's core; TensorRT builds engines."""


def isolated_test(
    folder: Path, provider: Provider, threads: int, longest_s: float | None = None
) -> Iterator[GraphCheck]:
    """Open the bundle in `folder`, every hash verified, and check every graph that would run, elsewhere.

    Raises:
        BundleError: it is not sound, or the test crashed or did not end within `LONGEST_S`.
    """
    longest_s = LONGEST_S[provider]
    until_s = time.monotonic() + longest_s
    read, write = os.pipe()
    words = (str(folder), provider, threads, write)
    child = subprocess.Popen(python(f"from edge.bundle.isolated import answer; answer(*{words!r})"), pass_fds=[write])
    os.close(write)
    with child, Connection(read, writable=False) as answers:
        try:
            while True:
                if not answers.poll(max(0.0, until_s - time.monotonic())):
                    raise BundleError(f"the self-test of {folder} has not ended after {longest_s:.0f} s")
                told = json.loads(answers.recv_bytes())
                if told is None:
                    return
                if isinstance(told, str):
                    raise BundleError(told)
                yield GraphCheck(**told)
        except EOFError:
            raise BundleError(f"the self-test of {folder} crashed (exit code {child.wait()})") from None
        finally:
            child.kill()


def answer(folder: str, provider: str, threads: int, handle: int) -> None:
    """What the process does: each check, an error's sentence, or null at the end, written to the pipe `handle`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command ends this process when it is told to stop
    with Connection(handle, readable=False) as answers:
        try:
            for check in self_test(Bundle(folder, cast(Provider, provider), threads)):
                answers.send_bytes(json.dumps(asdict(check)).encode())
            told = None
        except BundleError as error:
            told = str(error)
        except Exception as error:  # whatever a hostile model makes of onnxruntime
            told = f"the self-test of {folder} failed: {said(error)}"
        answers.send_bytes(json.dumps(told).encode())
