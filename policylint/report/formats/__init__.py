"""How a report is written: one module per format, each with `render(report) -> str`."""

from __future__ import annotations

import importlib
import sys

from policylint.errors import UsageError
from policylint.report.look import PLAIN, Look
from policylint.report.model import Report
from policylint.runtime.resources import modules

_OF_TERMINALS = ("text", "concise")


def names() -> tuple[str, ...]:
    """The formats there are."""
    return modules(sys.modules[__name__])


def render(name: str, report: Report, look: Look = PLAIN) -> str:
    """The report in one format, ending with a newline; `look` is how those for a terminal show it.

    Raises `UsageError` for an unknown format.
    """
    if name not in names():
        raise UsageError(
            f"no format is called {name!r}", remedy=f"the formats are {', '.join(names())}"
        )
    module = importlib.import_module(f"{__name__}.{name}")
    if name in _OF_TERMINALS:
        written: str = module.render(report, look)
    else:
        written = module.render(report)
    return written
