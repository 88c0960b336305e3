"""Anchors that a YAML parser refuses though files have them: set twice, or set by a template of
another file."""

from __future__ import annotations

import re

from policylint.runtime.patterns import pattern
from policylint.scan.texts.holes import HOLE, block_lines

_MARK = pattern(r"(?<![^\s,\[{])([&*])([\w-]+)(?=[\s,\]}]|$)")
_LAST = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"


def anchors_told_apart(text: str) -> str:
    """The text with each anchor set once, as long as before.

    An anchor that is set again gets a name of its own there and in the aliases behind it, as YAML
    1.2 means it. An alias of an anchor that the text does not set becomes a word of `HOLE`.
    """
    taken = {match[2] for match in _MARK.finditer(text)}
    names: dict[str, str] = {}
    plain = block_lines(text)

    def told(match: re.Match[str]) -> str:
        sign, name = match[1], match[2]
        if sign == "&":
            names[name] = _free(name, taken) if name in names else name
        elif name not in names:
            return HOLE * len(match[0])
        return sign + names[name]

    lines = text.split("\n")
    return "\n".join(
        line if at in plain else _MARK.sub(told, line) for at, line in enumerate(lines)
    )


def _free(name: str, taken: set[str]) -> str:
    """A name of the same length that the text does not have; the name itself where there is
    none."""
    free = next((name[:-1] + last for last in _LAST if name[:-1] + last not in taken), name)
    taken.add(free)
    return free
