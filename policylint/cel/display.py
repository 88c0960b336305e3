"""The errors of an expression as the server prints them: place, message, the line and a caret.

Source: cel-go's common/error.go and errors.go.
"""

from __future__ import annotations

from collections.abc import Iterable

NOWHERE = -1
"""The offset of an error that is about no place in the expression."""
_LONGEST_LINE = 16_384
"""Bytes of a line that is still shown."""
_MOST = 100
"""The errors that are printed."""


def display(expression: str, errors: Iterable[tuple[int, str]]) -> str:
    """Errors by the offset of what they are about, in characters."""
    ordered = sorted(errors, key=lambda error: error[0])
    texts = [_display(expression, offset, message) for offset, message in ordered[:_MOST]]
    if len(ordered) > _MOST:
        texts.append(f"{len(ordered) - _MOST} more errors were truncated")
    return "\n".join(texts)


def _display(expression: str, offset: int, message: str) -> str:
    if offset == NOWHERE:
        return f"ERROR: <input>:-1:0: {message}"
    if not expression:
        return f"ERROR: <input>:1:0: {message}"
    before = expression[:offset]
    start = before.rfind("\n") + 1
    line, column = before.count("\n") + 1, offset - start
    text = f"ERROR: <input>:{line}:{column + 1}: {message}"
    source = expression[start:].partition("\n")[0].replace("\t", " ")
    if len(source.encode("utf-8", "replace")) > _LONGEST_LINE:
        return text
    dots = "".join("." if character.isascii() else "．" for character in source[:column])
    caret = "^" if source[column : column + 1].isascii() else "＾"
    return f"{text}\n | {source}\n | {dots}{caret}"
