"""Regular expressions as Go's regexp reads them, matched in linear time: `runtime.linear`.

Go's package and RE2 share syntax and meaning (https://pkg.go.dev/regexp/syntax,
https://github.com/google/re2/wiki/Syntax). Python's `re` has neither: it backtracks, so a pattern
such as `(a+)+$` takes exponential time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from policylint.cel.values import CelError, CelUnsupported
from policylint.runtime import linear
from policylint.runtime.patterns import pattern as own_pattern

_ESCAPE = own_pattern(r"(?s)\\Q.*?(?:\\E|\Z)|\\(.)")
_GO_WORDS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}
"""What Go's regexp/syntax calls the errors that RE2 has other words for."""

_MAX_SCANNED = 1_000_000_000
"""Bytes that `findAll` may scan: a search for each match, and each may run to the text's end."""


@lru_cache(maxsize=2048)
def compiled(pattern: str) -> Any:
    """The pattern, compiled; raises CelError where Go refuses it, CelUnsupported where that cannot
    be told (more memory than RE2 takes, a class that only newer versions of Go know)."""
    engine, options = linear.engine()
    if any(match[1] == "C" for match in _ESCAPE.finditer(pattern)):
        # RE2 reads it as any byte; Go, which matches characters only, refuses it
        raise CelError(r"error parsing regexp: invalid escape sequence: `\C`")
    try:
        return engine.compile(pattern, options)
    except engine.error as error:
        raise _refusal(_text(error)) from error
    except UnicodeEncodeError as error:
        raise CelUnsupported("a regular expression that is not UTF-8") from error


def search(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text."""
    return _first(pattern, text) is not None


def _text(error: Exception) -> str:
    message = error.args[0] if error.args else b""
    if isinstance(message, bytes):
        return message.decode(errors="replace")
    return str(message)


def _refusal(message: str) -> CelError | CelUnsupported:
    """RE2's error in Go's words."""
    reason, _, part = message.partition(": ")
    if "too large" in message or part.startswith(("\\p", "\\P")):
        return CelUnsupported(f"a regular expression that RE2 does not take ({message})")
    words = _GO_WORDS.get(reason, reason)
    return CelError(f"error parsing regexp: {words}" + (f": `{part}`" if part else ""))


def _first(pattern: str, text: str) -> Any:
    matcher = compiled(pattern)
    try:
        return matcher.search(text)
    except UnicodeEncodeError as error:
        raise CelUnsupported("a text that is not UTF-8") from error
    except linear.engine()[0].error as error:
        raise CelUnsupported(f"a regular expression: {_text(error)}") from error


def _matches(text: str, pattern: str) -> bool:
    return search(_string(pattern), _string(text))


def _find(text: str, pattern: str) -> str:
    match = _first(_string(pattern), _string(text))
    if match:
        return str(match[0])
    return ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    matcher = compiled(_string(pattern))
    try:
        return _all_matches(matcher, _string(text), limit)
    except UnicodeEncodeError as error:
        raise CelUnsupported("a text that is not UTF-8") from error
    except linear.engine()[0].error as error:
        raise CelUnsupported(f"a regular expression: {_text(error)}") from error


def _all_matches(matcher: Any, text: str, limit: int) -> list[str]:
    parts: list[str] = []
    end = -1
    for count, match in enumerate(matcher.finditer(text)):
        if len(parts) == limit:
            break
        if count * len(text) > _MAX_SCANNED:
            raise CelUnsupported("findAll with too many matches in a long text")
        # Go leaves out an empty match right behind another
        if match[0] or match.start() != end:
            parts.append(match[0])
        end = match.end()
    return parts


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise CelError("no such overload")
    return value


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "matches": _matches,
    "find": _find,
    "findAll": _find_all,
}
"""Kubernetes' regex library, and CEL's own `matches`."""
