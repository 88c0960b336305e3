"""How people run Helm: the commands and the declared releases of a repository's files.

`scan` finds them in files, `parse_command` reads one command line. What is read is never run or expanded.
"""

from __future__ import annotations

from policylint.invocations.model import Flag, Invocation, Job, Place
from policylint.invocations.source import Reader, Source, read_source, readers

__all__ = ["Flag", "Invocation", "Job", "Place", "Reader", "Source", "read_source", "readers"]
