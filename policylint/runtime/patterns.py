"""Regular expressions that are compiled at their first use, as a run uses a tenth of those that its
modules define; and texts with `*`, which need none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, AnyStr

_USES = (
    "match",
    "fullmatch",
    "search",
    "sub",
    "subn",
    "split",
    "findall",
    "finditer",
    "pattern",
    "flags",
    "groups",
)


class _Pattern:
    """Stands for a pattern; from the first use on its attributes are the compiled pattern's own."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._written = text, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _USES:
            raise AttributeError(name)
        compiled: re.Pattern[Any] = re.compile(*self._written)
        self.__dict__.update({use: getattr(compiled, use) for use in _USES})
        return self.__dict__[name]


if TYPE_CHECKING:

    def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        """A regular expression, compiled at its first use."""

else:

    def pattern(text, flags=0):
        """A regular expression, compiled at its first use; raises re.error then if it is none."""
        return _Pattern(text, flags)


def starred(pieces: Sequence[str], wild: str, last: str) -> str:
    """The expression of a glob that matches in linear time: its pieces between the stars, each
    already an expression of one length, `wild` for the characters that a star stands for, `last`
    for how the last star takes them. Every piece but the last is matched once, where it first
    occurs: a later place could not help."""
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, end = pieces
    once = "".join(f"(?>{wild}*?{piece})" for piece in middle if piece)
    return f"{first}{once}{wild}{last}{end}"


def like(glob: str, word: str) -> bool:
    """Whether a word is as a text with `*` for any characters says, in linear time."""
    return is_made_of(glob.split("*"), word)


def is_made_of(pieces: Sequence[str], word: str) -> bool:
    """Whether a word is these pieces in this order, with any characters between them."""
    if len(pieces) == 1:
        return pieces[0] == word
    first, *between, last = pieces
    if not (word.startswith(first) and len(word) >= len(first) + len(last)):
        return False
    end = len(word) - len(last)
    if word[end:] != last:
        return False
    start = len(first)
    for piece in between:
        start = word.find(piece, start, end)
        if start < 0:
            return False
        start += len(piece)
    return True
