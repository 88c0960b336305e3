"""What a run may take in all: work that is over time is given up, wherever it is.

An alarm of the system interrupts Python's own code too, which no limit on another program ends.
Without one (Windows, a thread that is not the main one) time is looked at between the parts.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN = 2.0
"""Seconds after which the alarm rings again: Python drops exceptions in some callbacks."""


class TimeIsUp(BaseException):
    """The time for what is done now is over; like KeyboardInterrupt no defect of what it stops."""


class _Armed:
    """Whether the alarm of this process may interrupt."""

    so = False


class Deadline:
    """The end of a run, from now in `seconds`; 0 is none."""

    def __init__(self, seconds: float) -> None:
        if seconds:
            self._end = time.monotonic() + seconds
        else:
            self._end = float("inf")

    @property
    def left(self) -> float:
        """Seconds, 0 where the time is over."""
        return max(self._end - time.monotonic(), 0.0)

    @contextmanager
    def share(self, *, is_last: bool, least: float = 0.0) -> Iterator[None]:
        """Let what is done here take half of what is left, the last one all of it (`least` seconds
        at least); raises TimeIsUp where that is over."""
        with _alarm(max(self.left if is_last else self.left / 2, least)):
            yield


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    if not seconds:
        raise TimeIsUp
    is_main = threading.current_thread() is threading.main_thread()
    if seconds == float("inf") or not is_main or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    _Armed.so = True
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        _disarm()
        signal.signal(signal.SIGALRM, before)


def _disarm() -> None:
    while True:
        try:
            _Armed.so = False
            signal.setitimer(signal.ITIMER_REAL, 0)
        except TimeIsUp:  # it rang just before
            continue
        return


def _ring(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as signal handlers are called
    if _Armed.so:
        raise TimeIsUp
