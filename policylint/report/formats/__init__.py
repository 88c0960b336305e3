"""How a report is written: one module per format, each with `render(report) -> str`; one that is
written release by release also has `pieces(report) -> Iterator[str]`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

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
    return "".join(pieces(name, report, look))


def pieces(name: str, report: Report, look: Look = PLAIN) -> Iterator[str]:
    """The same, in as many pieces as the format is written in."""
    if name not in names():
        raise UsageError(
            f"no format is called {name!r}", remedy=f"the formats are {', '.join(names())}"
        )
    module = importlib.import_module(f"{__name__}.{name}")
    looks = (look,) if name in _OF_TERMINALS else ()
    if hasattr(module, "pieces"):
        yield from module.pieces(report, *looks)
    else:
        yield module.render(report, *looks)
