"""Lines that no YAML parser can read: what to leave out so that the rest of a document can be
read."""

from __future__ import annotations

from policylint.scan.texts.holes import Filled

_SINGLE = 4
"""How many single lines are left out before whole blocks are."""
_REPAIRS = 8
"""How many repairs a document may need before it is given up."""


def to_leave_out(filled: Filled, line: int, attempt: int) -> list[int]:
    """The lines (0-based) to blank after the error on `line` (1-based); none where it is time to
    give up.

    Both branches of a template's condition are rarely YAML together: what is behind each `else`
    goes first.
    """
    lines = filled.text.split("\n")
    if attempt == 0 and (alternatives := _alternatives(filled, lines)):
        return alternatives
    bad = _bad_line(lines, line)
    if attempt >= _REPAIRS or not lines[bad].strip():
        return []
    if attempt < _SINGLE:
        return [bad]
    return _block(lines, bad)


def blanked(text: str, wanted: list[int]) -> str:
    """The text with these lines blanked, as long as before."""
    lines = text.split("\n")
    for line in wanted:
        lines[line] = " " * len(lines[line])
    return "\n".join(lines)


def indents(text: str, wanted: list[int]) -> list[tuple[int, int]]:
    """(line, indent) of these lines."""
    lines = text.split("\n")
    return [(line, _indent(lines[line])) for line in wanted]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _alternatives(filled: Filled, lines: list[str]) -> list[int]:
    inside = {
        line
        for turn, last in filled.otherwise
        for line in range(max(turn + 1, 0), min(last, len(lines)))
    }
    return sorted(line for line in inside if lines[line].strip())


def _bad_line(lines: list[str], line: int) -> int:
    at = min(line - 1, len(lines) - 1)
    while at > 0 and not lines[at].strip():
        at -= 1
    return at


def _block(lines: list[str], bad: int) -> list[int]:
    """The lines of the innermost block that holds the bad one, without the key above it."""
    own = _indent(lines[bad])
    head = bad
    while head > 0 and not _outside(lines[head], own):
        head -= 1
    limit = _indent(lines[head]) if head < bad else -1
    last = bad
    while last + 1 < len(lines) and not _outside(lines[last + 1], limit + 1):
        last += 1
    first = head + 1 if limit >= 0 and own else bad
    return [line for line in range(first, last + 1) if lines[line].strip()]


def _outside(line: str, indent: int) -> bool:
    """Whether a line says something further to the left."""
    return bool(line.strip()) and _indent(line) < indent
