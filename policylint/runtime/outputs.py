"""Where a process prints that is not listened to: a file of no name, in memory where the system has
that.

A pipe would have to be emptied by a thread while everything else is done, and holds the process up
where it is not.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import BinaryIO, TextIO

_STDERR = 2


def nameless() -> BinaryIO:
    """A new file of no name, to write to and to read."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("output"), "r+b")  # noqa: PTH123  a descriptor
    import tempfile

    return tempfile.TemporaryFile()


def written(output: BinaryIO) -> bytes:
    """All that was written to such a file, which is gone then."""
    with output:
        output.seek(0)
        return output.read()


class Unheard:
    """From its making to `end`, what a library of another language prints on standard error is
    dropped.

    Helm's warnings show values there. What Python itself prints still comes out: of the several
    that may be under way the first takes standard error away and the last gives it back.
    """

    _lock = threading.Lock()
    _under_way = 0
    _own: TextIO | None = None
    _apart: TextIO | None = None
    """Python's standard error meanwhile: where it led before."""

    def __init__(self) -> None:
        cls = type(self)
        with cls._lock:
            if not cls._under_way:
                cls._take()
            cls._under_way += 1

    def end(self) -> None:
        """Let it be heard again, where nobody else wants it dropped."""
        cls = type(self)
        with cls._lock:
            cls._under_way -= 1
            if not cls._under_way and cls._apart is not None:
                cls._apart.flush()
                os.dup2(cls._apart.fileno(), _STDERR)
                if sys.stderr is cls._apart:
                    sys.stderr = cls._own

    @classmethod
    def _take(cls) -> None:
        """Let the file that is standard error lead nowhere; nothing happens where it is closed."""
        cls._apart = None
        try:
            before = os.dup(_STDERR)
        except OSError:
            return
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        cls._apart = open(before, "w", 1, encoding, "backslashreplace")  # noqa: PTH123, SIM115
        if _leads_to_stderr(sys.stderr):
            cls._own, sys.stderr = sys.stderr, cls._apart
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR)
        os.close(nowhere)


def _leads_to_stderr(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.fileno() == _STDERR
    except (OSError, ValueError):  # a stream of a test, or none any more
        return False
