"""How a report is written: one module per format, each with `render(report, colour) -> str`."""

from __future__ import annotations

import importlib
import sys

from policylint.errors import UsageError
from policylint.report.model import Report
from policylint.runtime.resources import modules


def names() -> tuple[str, ...]:
    """The formats there are."""
    return modules(sys.modules[__name__])


def render(name: str, report: Report, *, colour: bool = False) -> str:
    """The report in one format, ending with a newline. Raises `UsageError` for an unknown
    format."""
    if name not in names():
        raise UsageError(
            f"no format is called {name!r}", remedy=f"the formats are {', '.join(names())}"
        )
    written: str = importlib.import_module(f"{__name__}.{name}").render(report, colour=colour)
    return written
