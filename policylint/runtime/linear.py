"""Regular expressions of others, matched in time that grows with the text: RE2 (google-re2).

Python's `re` backtracks: `(a+)+$` takes exponential time.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def engine() -> tuple[Any, Any]:
    """(the module re2, its options); raises ImportError where it cannot be had."""
    import re2  # 13 ms: only where a pattern is judged

    options = re2.Options()
    options.log_errors = False  # else it writes them to standard error itself
    return re2, options


def search(pattern: str, text: str) -> bool | None:
    """Whether a pattern matches anywhere in a text; None where that cannot be told: RE2 does not
    know the pattern, or is not there."""
    try:
        re2, options = engine()
    except ImportError:
        return None
    try:
        return re2.compile(pattern, options).search(text) is not None
    except (re2.error, UnicodeEncodeError):
        return None
