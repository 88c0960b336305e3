"""Where a process prints that is not listened to: a file of no name, in memory where the system has that.

A pipe would have to be emptied by a thread while everything else is done, and holds the process up where it is not.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


def nameless() -> BinaryIO:
    """A new file of no name, to write to and to read."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("output"), "r+b")  # noqa: PTH123  a descriptor
    import tempfile

    return tempfile.TemporaryFile()


def said(output: BinaryIO) -> bytes:
    """All that was written to such a file, which is gone then."""
    with output:
        output.seek(0)
        return output.read()


class _Silence:
    """Standard error while it leads nowhere: how many want it so, and where it led before."""

    lock = threading.Lock()
    wanted = 0
    before = -1


@contextmanager
def unheard() -> Iterator[None]:
    """Drop what a library of another language prints on standard error meanwhile (Helm's warnings show values)."""
    with _Silence.lock:
        if not _Silence.wanted:
            _Silence.before = _silenced()
        _Silence.wanted += 1
    try:
        yield
    finally:
        with _Silence.lock:
            _Silence.wanted -= 1
            if not _Silence.wanted and _Silence.before >= 0:
                os.dup2(_Silence.before, 2)
                os.close(_Silence.before)


def _silenced() -> int:
    """Let standard error lead nowhere; a descriptor of where it led, -1 where it is closed."""
    try:
        before = os.dup(2)
    except OSError:
        return -1
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return before
