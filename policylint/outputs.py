"""Where a process prints that is not listened to: a file of no name, in memory where the system has that.

A pipe would have to be emptied by a thread while everything else is done, and holds the process up where it is not.
"""

from __future__ import annotations

import os
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
