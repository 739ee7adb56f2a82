"""The self-test in a process of its own: a model that hangs, crashes or takes all memory ends that process alone."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import BundleError
from edge.bundle.selftest import GraphCheck, self_test
from edge.bundle.session import Provider
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
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_test, args=(sender, folder, provider, threads), daemon=True)
    child.start()
    sender.close()
    try:
        while True:
            if not receiver.poll(max(0.0, until_s - time.monotonic())):
                raise BundleError(
                    f"the self-test of {folder} has not ended after {longest_s:.0f} s: it was not installed"
                )
            try:
                told = receiver.recv()
            except EOFError:
                child.join()
                raise BundleError(f"the self-test of {folder} crashed (exit code {child.exitcode})") from None
            if told is None:
                return
            if isinstance(told, str):
                raise BundleError(told)
            yield told
    finally:
        child.kill()
        child.join()
        receiver.close()


def _test(sender: Connection, folder: Path, provider: Provider, threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command ends this process when it is told to stop
    try:
        for check in self_test(Bundle(folder, provider, threads)):
            sender.send(check)
        sender.send(None)
    except BundleError as error:
        sender.send(str(error))
    except Exception as error:  # whatever a hostile model makes of onnxruntime
        sender.send(f"the self-test of {folder} failed: {said(error)}")
