"""Ctrl-C, a polite kill and a lost terminal, also where Python drops the exception: it does in
callbacks, as those of its imports."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_PATIENCE = 0.5
"""Seconds after which a wait looks whether it was interrupted."""


class _Asked:
    """Whether somebody asked this run to end."""

    so = False
    waits = False
    """Whether it is remembered alone, as `later` says."""


@contextmanager
def later() -> Iterator[None]:
    """Remember an interrupt instead of raising it: what is begun here must be known to whoever
    ends it; `check` and `join` raise it."""
    _Asked.waits = True
    try:
        yield
    finally:
        _Asked.waits = False


def begin() -> None:
    """Let SIGINT and SIGHUP, where they are not ignored, and SIGTERM raise KeyboardInterrupt and be
    remembered (main thread only)."""
    _Asked.so = False
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _interrupt):
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:  # nohup
        signal.signal(hang_up, _interrupt)


def check() -> None:
    """Raise KeyboardInterrupt where one was asked for and lost; called where a run waits, and where
    it ends."""
    if _Asked.so:
        raise KeyboardInterrupt


def join(thread: threading.Thread, seconds: float) -> None:
    """Wait for a thread as `thread.join` does; raises KeyboardInterrupt, also one that was lost,
    within moments."""
    end = time.monotonic() + seconds
    while thread.is_alive() and (left := end - time.monotonic()) > 0:
        thread.join(min(left, _PATIENCE))
        check()


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as signal handlers are called
    _Asked.so = True
    if not _Asked.waits:
        raise KeyboardInterrupt
