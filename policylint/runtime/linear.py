"""Regular expressions of others, matched in time that grows with the text: by RE2 (google-re2)
where it is installed, else by our own engine, which says the same and takes longer.

Python's `re` backtracks: `(a+)+$` takes exponential time.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

_OWN = "policylint.runtime.regex.machine"
"""Loaded only where it is needed."""


@cache
def engine() -> tuple[Any, Any]:
    """(the module that compiles patterns, its options); what it cannot do raises its `error`."""
    try:
        import re2  # 13 ms: only where a pattern is judged
    except ImportError:
        return import_module(_OWN), None
    options = re2.Options()
    options.log_errors = False  # else it writes them to standard error itself
    return re2, options


def search(pattern: str, text: str) -> bool | None:
    """Whether a pattern matches anywhere in a text; None where that cannot be told: the pattern is
    none, or takes too long."""
    module, options = engine()
    try:
        return module.compile(pattern, options).search(text) is not None
    except (module.error, UnicodeEncodeError):
        return None
